import { random } from '@gatewise/core';
import { currentRun, type Run } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** What layers of tf.layers have that is of use here. */
interface Drawing {
  readonly rate?: number;
  readonly stddev?: number;
  seed?: number | undefined;
  dropoutFunc?: ((x: tf.Tensor, rate: number) => tf.Tensor) | null | undefined;
  readonly layers?: readonly Drawing[];
  readonly layer?: Drawing;
  readonly forwardLayer?: Drawing;
  readonly backwardLayer?: Drawing;
  readonly cell?: Drawing;
  readonly cells?: readonly Drawing[];
  getClassName?(): string;
}

const seeded = new WeakSet<object>();
const said = new Set<string>();

/**
 * Dropout of tf.layers draws what no seed decides where it has none, and the same mask at every step where it has one: within a
 * run, what has none is given one of the run's seed, the step and its place in the model. Says once of each kind what has no place
 * for a seed.
 */
export function seedDraws(model: LayersModel): void {
  if (seeded.has(model)) return;
  seeded.add(model);
  for (const [place, layer] of within(model as unknown as Drawing).entries()) {
    const kind = layer.getClassName?.() ?? '';
    if (/^(Spatial)?Dropout(1D)?$/.test(kind) && layer.seed === undefined) seedLayer(layer, place);
    else if ('dropoutFunc' in layer) seedCell(layer, place);
    else if (/^(Gaussian|Alpha)(Noise|Dropout)$/.test(kind) && (layer.rate ?? layer.stddev ?? 0) > 0)
      say(kind);
  }
}

/** A layer and all that it is made of, in order. */
function within(layer: Drawing): Drawing[] {
  const { layers = [], cells = [], layer: inner, forwardLayer, backwardLayer, cell } = layer;
  const parts = [...layers, ...cells, inner, forwardLayer, backwardLayer, cell].filter((one) => one != null);
  return [layer, ...parts.flatMap(within)];
}

function seedLayer(layer: Drawing, place: number): void {
  const seed = seedsOf(place);
  Object.defineProperty(layer, 'seed', { get: seed, configurable: true, enumerable: true });
}

/** Recurrent cells of tf.layers take a function instead of a seed. */
function seedCell(cell: Drawing, place: number): void {
  const seed = seedsOf(place);
  cell.dropoutFunc ??= (x, rate) => tf.dropout(x, rate, undefined, seed());
}

/** Another seed at each call of a step; none outside of a run. */
function seedsOf(place: number): () => number | undefined {
  let of: Run | undefined;
  let calls = 0;
  return () => {
    const run = currentRun();
    if (!run) return undefined;
    calls = run === of ? calls + 1 : 0;
    of = run;
    return (
      1 +
      random(run.seed)
        .fork(`tf.layers ${place} ${run.step} ${calls}`)
        .int(2 ** 31 - 1)
    );
  };
}

function say(kind: string): void {
  if (said.has(kind)) return;
  said.add(kind);
  console.warn(
    `gatewise: ${kind} of tf.layers draws random numbers and takes no seed: no two runs are alike; use dropout, which has one`,
  );
}
