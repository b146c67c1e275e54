import type { AnyCell } from '@gatewise/core';
import { restoreState, type SavedState, type Stream, stream } from '@gatewise/layers';
import { savedAtEveryStep } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { Network } from './network.js';

/** What the network held at each of T steps. */
export interface Trace {
  readonly ids: readonly number[]; // [T]
  /** Activations of gates, then states, by name: one [H] a step. */
  readonly values: readonly Readonly<Record<string, Float32Array>>[];
}

/** Where reading stands, on the host. */
export interface Place {
  readonly states: readonly Float32Array[]; // [H] by state
  /** Of what follows [V]. */
  readonly logits: Float32Array;
}

interface Step {
  readonly id: number;
  readonly before: readonly Float32Array[]; // [H] by state
  readonly after: readonly Float32Array[];
}

/** So many steps are looked at together, always: a GPU compiles a program for each number of rows. */
const ROWS = 8;

/** Reads symbols one at a time, and shows what gates and states did meanwhile. */
export class Reader {
  readonly #network: Network;
  readonly #cell: AnyCell;
  readonly #steps: Stream;
  #place: Place;
  /** Since the last trace. */
  #unseen: Step[] = [];

  /** From the start of a text, or from a place in one. */
  constructor(network: Network, place?: Place) {
    const { layer } = network;
    this.#network = network;
    this.#cell = layer.settings.cell;
    const none = layer.states.map(({ units }) => new Float32Array(units));
    this.#place = place ?? { states: none, logits: new Float32Array(network.vocabulary.size) };
    this.#steps = stream(layer, restoreState(layer, savedState(this.#cell, this.#place)));
  }

  /** To go on from here later, on any backend. */
  get place(): Place {
    return this.#place;
  }

  /** Reads one symbol; logits and states come back at once. */
  async push(id: number): Promise<void> {
    const { layer, logits } = this.#network;
    const all = tf.tidy(() => {
      const z = logits(this.#steps.push(tf.tensor1d([id], 'int32')));
      return tf.concat([z, ...this.#steps.state!.tensors], 1);
    });
    const values = (await all.data()) as Float32Array;
    all.dispose();
    const { states: before } = this.#place;
    const { units: H } = layer.settings;
    const V = values.length - before.length * H;
    const after = before.map((_, k) => values.slice(V + k * H, V + (k + 1) * H));
    this.#place = { states: after, logits: values.slice(0, V) };
    this.#unseen.push({ id, before, after });
  }

  /** What happened since the last trace, at the last `most` symbols; undefined where nothing was read. */
  async trace(most = Number.POSITIVE_INFINITY): Promise<Trace | undefined> {
    const steps = this.#unseen.slice(-most);
    this.#unseen = [];
    if (steps.length === 0) return undefined;
    const values: Record<string, Float32Array>[] = [];
    for (let t = 0; t < steps.length; t += ROWS) values.push(...(await this.#look(steps.slice(t, t + ROWS))));
    return { ids: steps.map(({ id }) => id), values };
  }

  dispose(): void {
    this.#steps.dispose();
    this.#unseen = [];
  }

  /** The gates of at most `ROWS` steps, from the states before them; the rows that are left over are idle. */
  async #look(steps: readonly Step[]): Promise<Record<string, Float32Array>[]> {
    const { units: H } = this.#network.layer.settings;
    const { gates, state } = namesOf(this.#cell);
    const states = ({ after }: Step) => state.map((name, k) => [name, after[k]!] as const);
    if (gates.length === 0) return steps.map((step) => Object.fromEntries(states(step)));
    const shown = tf.tidy(() => {
      const rows = (k: number) => {
        const all = new Float32Array(ROWS * H);
        for (const [t, { before }] of steps.entries()) all.set(before[k]!, t * H);
        return tf.tensor3d(all, [1, ROWS, H]);
      };
      const ids = Int32Array.from({ length: ROWS }, (_, t) => steps[t]?.id ?? 0);
      const [W, R, b] = this.#network.layer.getWeights() as [tf.Tensor, tf.Tensor, tf.Tensor];
      const x = tf.tensor2d(ids, [1, ROWS], 'int32');
      const before = Object.fromEntries(state.map((name, k) => [name, rows(k)]));
      const saved = savedAtEveryStep(this.#cell, { x, W, R, b }, before);
      return tf.concat(gates.map((name) => saved[name]!)); // [gates·ROWS,H]
    });
    const all = (await shown.data()) as Float32Array;
    shown.dispose();
    return steps.map((step, t) => {
      const at = (g: number) => all.slice((g * ROWS + t) * H, (g * ROWS + t + 1) * H);
      return Object.fromEntries([...gates.map((name, g) => [name, at(g)] as const), ...states(step)]);
    });
  }
}

/** What is shown of a cell: the gates that it saves under their names (a vanilla cell's is its state), and its states. */
export function namesOf({ gates, saved, state }: AnyCell): {
  gates: readonly string[];
  state: readonly string[];
} {
  return { gates: gates.filter((name) => saved.includes(name) && !state.includes(name)), state };
}

const savedState = ({ name, state }: AnyCell, { states }: Place): SavedState => ({
  layer: name,
  states: state.map((one, k) => ({ name: one, values: [[...states[k]!]] })),
});
