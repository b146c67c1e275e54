import { cellNames, hashText, type LayerInfo } from '@gatewise/core';
import { currentRun, recur, recurStates } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable } from '@tensorflow/tfjs-layers';
import { checkIds } from './checks.js';
import type { Settings } from './config.js';
import { dropConnect } from './drop-connect.js';
import { dropInput, dropOutput, prepareInput } from './prepare-input.js';
import {
  mergeRates,
  ownKeys,
  type Rates,
  type Regularisation,
  regularisedArgs,
  runKeys,
} from './regularise.js';
import { planWeights } from './weights.js';

const silent = { input: 0, recurrent: 0, output: 0, connections: 0 };

/** What one run gives: y after its dropout, the final states, and with `states` all states at every step. */
export interface PartResult {
  readonly y: tf.Tensor; // [B,T,H]
  /** h_T after its dropout [B,H]. */
  readonly last: tf.Tensor;
  readonly finals: readonly tf.Tensor[]; // [B,H] by state
  readonly sequences: readonly tf.Tensor[]; // [B,T,H] by state, when asked for
}

export interface PartCall {
  readonly mask: tf.Tensor | undefined; // [B,T] bool
  /** `model.fit` is at work. */
  readonly fitting: boolean;
  readonly states: boolean;
  /** Whether the last step or the sequence is handed on: what dropout on the output falls on. */
  readonly sequences: boolean;
}

/** A cell with its weights and one direction: what recurrent layers are made of. */
export class CellPart {
  readonly #byName = new Map<string, LayerVariable>();
  #features = 0;
  /** Training calls outside a trainer's run. */
  #calls = 0;
  /** The zoneout it was last trained with: inference takes its expectation. */
  #zoneout: Rates['zoneout'];
  readonly #info: LayerInfo;

  /** `name` is what plugins, masks and probes know it by. */
  constructor(
    readonly name: string,
    readonly settings: Settings,
  ) {
    this.#zoneout = settings.zoneout;
    this.#info = infoOf(name, settings);
  }

  /** I; 0 until built. */
  get features(): number {
    return this.#features;
  }

  /** What it has been told in training and goes by at inference, for checkpoints. */
  get expected(): Rates['zoneout'] {
    return this.#zoneout;
  }
  set expected(zoneout: Rates['zoneout']) {
    this.#zoneout = zoneout;
  }

  /** The settings to save: with the zoneout that inference expects. */
  get trained(): Settings {
    return { ...this.settings, zoneout: this.#zoneout };
  }

  build(I: number, add: (name: string, shape: number[], values: () => Float32Array) => LayerVariable): void {
    this.#features = I;
    for (const { name, shape, values } of planWeights(this.settings, I, this.#seed())) {
      this.#byName.set(name, add(name, shape, values));
    }
  }

  #seed(): number {
    return this.settings.seed ?? hashText(this.name);
  }

  /** Inside a tidy. */
  run(x: tf.Tensor, states: readonly tf.Tensor[], call: PartCall): PartResult {
    const how = this.#regularisation(call.fitting);
    const { cell, units, reverse, padding, memory } = this.settings;
    const R = this.#read('recurrent_kernel');
    const args = {
      ...this.#input(x, call.mask, how),
      ...(R ? { R: dropConnect(R, how) } : {}),
      b: this.#read('bias') ?? tf.zeros([cell.gates.length * units]),
      vectors: Object.fromEntries((cell.vectors ?? []).map((name) => [name, this.#read(name)!])),
      state0: this.#initial(x.shape[0]!, states),
      ...(call.mask ? { mask: call.mask } : {}),
      reverse,
      padding,
      memory,
      layer: this.name,
      ...regularisedArgs(how),
    };
    const ran = call.states ? recurStates(cell, args) : { ...recur(cell, args), sequences: {} };
    const finals = cell.state.map((name) => ran.final[name]!);
    const { output } = how.rates;
    const drop = (v: tf.Tensor) => (output > 0 ? dropOutput(v, how.key('output'), output) : v);
    const y = call.sequences ? drop(ran.y) : ran.y;
    if (how.training) {
      const real = call.mask ? { mask: call.mask } : {};
      currentRun()?.onOutputs?.(this.#info, { y: ran.y, dropped: y, ...real });
    }
    return {
      y,
      last: call.sequences ? finals[0]! : drop(finals[0]!),
      finals,
      sequences: call.states
        ? cell.state.map((name) => (ran.sequences as Record<string, tf.Tensor>)[name]!)
        : [],
    };
  }

  /** The given states, or the learned ones, or none: zeros. */
  #initial(B: number, states: readonly tf.Tensor[]): Record<string, tf.Tensor> {
    const { cell, units, learnedState } = this.settings;
    if (states.length > 0) return Object.fromEntries(states.map((state, k) => [cell.state[k]!, state]));
    if (!learnedState) return {};
    return Object.fromEntries(
      cell.state.map((name) => [
        name,
        tf.tile(tf.reshape(this.#read(`initial_${name}`)!, [1, units]), [B, 1]),
      ]),
    );
  }

  /** The states that a row starts from, [B,H] each: zeros, or the learned ones. Inside a tidy. */
  initialStates(B: number): tf.Tensor[] {
    const { cell, units } = this.settings;
    const learned = this.#initial(B, []);
    return cell.state.map((name) => learned[name] ?? tf.zeros([B, units]));
  }

  #read(name: string): tf.Tensor | undefined {
    return this.#byName.get(name)?.read();
  }

  #input(x: tf.Tensor, mask: tf.Tensor | undefined, { rates, key }: Regularisation) {
    const ready = prepareInput(x, mask);
    const W = this.#read('kernel')!;
    if (ready.rank === 2) checkIds(this.name, ready, this.#features);
    return rates.input > 0 ? dropInput(ready, W, key('input'), rates.input) : { x: ready, W };
  }

  /** In a trainer's run its plugins speak; in plain `model.fit` the layer's own options alone. */
  #regularisation(fitting: boolean): Regularisation {
    const run = currentRun();
    const training = run ? run.training : fitting;
    const perStep = this.settings.recurrentDropoutPer === 'step';
    if (!training) {
      return { training, rates: { ...silent, perStep, zoneout: this.#zoneout }, key: () => 0 };
    }
    const asked = run?.regularisers(this.#info) ?? {};
    const rates = mergeRates(this.settings, asked);
    this.#zoneout = rates.zoneout;
    const key = run ? runKeys(run, this.name) : ownKeys(this.#seed(), this.#calls++);
    return { training, rates, key };
  }
}

/** What plugins are told of a part. */
function infoOf(name: string, { cell, units }: Settings): LayerInfo {
  const { input, recurrent, gates } = cellNames(cell);
  const blocks = { kernel: input, recurrent_kernel: recurrent, bias: gates };
  const named = Object.entries(blocks).map(([weight, list]) => [`${name}/${weight}`, list]);
  return { name, units, gates: Object.fromEntries(named) };
}
