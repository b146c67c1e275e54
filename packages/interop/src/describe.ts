import { cellNames } from '@gatewise/core';
import { RecurrentLayer, type Settings, StackLayer } from '@gatewise/layers';
import type * as layers from '@tensorflow/tfjs-layers';
import { specOf } from './cells.js';
import { refuseLayer } from './errors.js';
import { parseJson } from './keras/json.js';
import { inputOf, layerOf } from './keras/layers.js';
import { roleOf } from './keras/source.js';
import { topologyOf } from './keras/topology.js';
import type { Direction, LayerSpec, ModelSpec, RecurrentSpec, Values } from './model.js';
import { sliced, stacked } from './values.js';

type Layer = layers.layers.Layer;

/**
 * Describes a model for writing: layers of this project and of tf.layers, one after the other, with their weights.
 * Errors: `GW_IMPORT_UNSUPPORTED`, `GW_EXPORT_UNSUPPORTED`, by the layer's name.
 *
 * @example
 * const bytes = writeTorch(await describe(model));
 */
export async function describe(model: layers.LayersModel): Promise<ModelSpec> {
  const topology = topologyOf(parseJson(model.toJSON(undefined, true) as unknown as string, 'the model'));
  const weights = await weightsOf(model.layers);
  const notes: string[] = [];
  const reading = {
    dialect: 'tf.layers',
    weights: ({ name }: { name: string }) => new Map(weights.get(name)),
    notes,
  } as const;
  const described = topology.layers.flatMap((outline) => {
    const layer = model.getLayer(outline.name);
    const own = weights.get(outline.name) ?? [];
    if (layer instanceof RecurrentLayer) return [recurrentOf(layer, own)];
    if (layer instanceof StackLayer) return stackOf(layer, own);
    return layerOf(outline, reading);
  });
  return {
    name: model.name,
    format: 'a model here',
    input: inputDim(model.layers) ?? inputOf(topology, described),
    layers: described,
    outputs: [{ name: 'y', from: 'layer', layer: described.at(-1)!.name }],
    notes,
  };
}

type Named = [role: string, values: Values][];

async function weightsOf(all: readonly Layer[]): Promise<Map<string, Named>> {
  const read = all.map(async (layer): Promise<[string, Named]> => {
    const named = layer.weights.map(async (w): Promise<[string, Values]> => {
      const data = (await w.read().data()) as Float32Array;
      const path = w.originalName.slice(layer.name.length + 1);
      return [ownLayer(layer) ? path : roleOf(path), { shape: w.shape as number[], data: data.slice() }];
    });
    return [layer.name, await Promise.all(named)];
  });
  return new Map(await Promise.all(read));
}

const ownLayer = (layer: Layer) => layer instanceof RecurrentLayer || layer instanceof StackLayer;

/** Ids that a recurrent layer itself reads. */
function inputDim(all: readonly Layer[]): ModelSpec['input'] | undefined {
  const first = all.find((layer) => layer.getClassName() !== 'InputLayer');
  const settings =
    first instanceof RecurrentLayer
      ? first.settings
      : first instanceof StackLayer
        ? first.settings.levels[0]!.directions[0]!.settings
        : undefined;
  if (settings?.inputDim === undefined) return undefined;
  return { kind: 'ids', steps: null, size: settings.inputDim };
}

function recurrentOf(layer: RecurrentLayer, weights: Named): RecurrentSpec {
  const { settings, name } = layer;
  return {
    ...common(name, settings),
    directions: [directionOf(settings, new Map(weights))],
    output: settings.returnSequences ? 'sequence' : 'last',
  };
}

function stackOf(layer: StackLayer, weights: Named): LayerSpec[] {
  const { name, settings } = layer;
  const { levels, residual, returnSequences } = settings;
  if (residual)
    refuseLayer(
      'GW_EXPORT_UNSUPPORTED',
      name,
      'got residual connections between levels',
      'save the model with its own save()',
    );
  return levels.map(({ merge, directions }, l) => {
    if (merge === 'none')
      refuseLayer('GW_EXPORT_UNSUPPORTED', name, 'got two outputs, one a direction', 'merge them');
    const parts = directions.map(({ path, settings: own }) => {
      const inside = weights
        .filter(([key]) => key.startsWith(`${path}/`))
        .map(([key, v]) => [key.slice(path.length + 1), v] as const);
      return directionOf(own, new Map(inside));
    });
    return {
      ...common(levels.length > 1 ? `${name}_l${l}` : name, directions[0]!.settings),
      directions: parts,
      ...(merge && { merge }),
      output: l < levels.length - 1 || returnSequences ? 'sequence' : 'last',
    } as RecurrentSpec;
  });
}

function common(name: string, { cell, units, padding, zoneout }: Settings) {
  if (Object.values(zoneout).some((rate) => rate > 0)) {
    refuseLayer(
      'GW_EXPORT_UNSUPPORTED',
      name,
      'got zoneout, whose expectation is part of the state at inference',
      'save the model with its own save()',
    );
  }
  return { kind: 'recurrent', name, cell: specOf(cell), units, padding } as const;
}

function directionOf({ cell, units: H, reverse }: Settings, weights: ReadonlyMap<string, Values>): Direction {
  const { vectors, state } = cellNames(cell);
  const b = weights.get('bias');
  const bias = b && (specOf(cell).kind === 'gru' && b.shape[0] === 4 * H ? pairOf(b, H) : { input: b });
  const initial = state
    .filter((s) => weights.has(`initial_${s}`))
    .map((s) => [s, weights.get(`initial_${s}`)!]);
  return {
    reverse,
    W: weights.get('kernel')!,
    R: weights.get('recurrent_kernel') ?? { shape: [H, 0], data: new Float32Array(0) },
    ...(bias && { bias }),
    ...(vectors.length > 0 && { peepholes: stacked(vectors.map((name) => weights.get(name)!)) }),
    ...(initial.length > 0 && { initial: Object.fromEntries(initial) }),
  };
}

/** [b_z b_r b_n b_q] as two biases; −0 adds nothing, not even to −0. */
function pairOf(b: Values, H: number): NonNullable<Direction['bias']> {
  const recurrent = new Float32Array(3 * H);
  recurrent.set(b.data.subarray(3 * H), 2 * H);
  return { input: sliced(b, 0, 3 * H), recurrent: { shape: [3 * H], data: recurrent } };
}
