import { hashText } from '@gatewise/core';
import { currentRun } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { CellPart, type PartResult } from './cell-part.js';
import { checkFeatures, checkStates, featuresOf } from './checks.js';
import { layerArgs } from './layer-args.js';
import { applyRecurrent, maskFor } from './layer-inputs.js';
import { dropOutput } from './prepare-input.js';
import { ownKeys, runKeys } from './regularise.js';
import { loadStack, saveStack } from './saved-stack.js';
import {
  type Level,
  type Merge,
  type StackConfig,
  type StackSettings,
  stackSettingsOf,
} from './stack-config.js';
import { distinct, type Input, type Kwargs, lazyInitializer, shapesOf, toList } from './tf-layers.js';

/** Recurrent levels of one or two directions as one tf.layers layer; make one with `stack` or `bidirectional`. */
export class StackLayer extends layers.Layer {
  static className = 'GatewiseStack';
  readonly settings: StackSettings;
  /** By level and direction. */
  readonly #parts: readonly (readonly CellPart[])[];
  /** Training calls outside a trainer's run. */
  #calls = 0;

  constructor(config: StackConfig) {
    const settings = stackSettingsOf(config);
    const [first] = settings.levels;
    const base = settings.levels.length === 1 && first!.merge ? 'bidirectional' : 'stack';
    super(layerArgs(config, base, first!.directions[0]!.settings.inputDim));
    this.settings = settings;
    this.#parts = settings.levels.map(({ directions }) =>
      directions.map(({ path, settings: own }) => new CellPart(`${this.name}/${path}`, own)),
    );
    this.supportsMasking = true;
    if (config.weights) this.setFastWeightInitDuringBuild(true);
  }

  get returnSequences(): boolean {
    return this.settings.returnSequences;
  }

  /** Names and widths of all states: by level, direction, state, as `apply` takes and returns them. */
  get states(): readonly { readonly name: string; readonly units: number }[] {
    return this.settings.levels.flatMap(({ directions }) =>
      directions.flatMap(({ path, settings: { cell, units } }) =>
        cell.state.map((state) => ({ name: `${path}/${state}`, units })),
      ),
    );
  }

  /** True where a step needs none after it. */
  get causal(): boolean {
    return this.settings.levels.every(({ directions }) =>
      directions.every(({ settings }) => !settings.reverse),
    );
  }

  override build(inputShape: Shape | Shape[]): void {
    let I = this.#check(shapesOf(inputShape));
    this.settings.levels.forEach(({ directions, width }, l) => {
      directions.forEach(({ path }, d) => {
        this.#parts[l]![d]!.build(I, (name, shape, values) =>
          this.addWeight(`${path}/${name}`, shape, 'float32', lazyInitializer(values)),
        );
      });
      I = width;
    });
    this.built = true;
  }

  /** Gives I. Errors: `GW_LAYER_SHAPE`. */
  #check(shapes: readonly Shape[]): number {
    const [first] = this.settings.levels;
    const I = featuresOf(this.name, shapes[0] ?? [], first!.directions[0]!.settings);
    checkFeatures(this.name, shapes[0]!, I, this.#parts[0]![0]!.features || I);
    checkStates(this.name, this.states, shapes[0]![0] ?? null, shapes.slice(1));
    return I;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const shapes = shapesOf(inputShape);
    this.#check(shapes);
    const [B = null, T = null] = shapes[0] ?? [];
    const { width } = this.settings.levels.at(-1)!;
    return this.#outputs<Shape>(
      this.settings.returnSequences ? [B, T, width] : [B, width],
      (units) => [B, units],
      (units) => [B, T, units],
    );
  }

  /** y, or both of them; the final states; the sequences of states: as many as were asked for. */
  #outputs<T>(y: T, final: (units: number) => T, sequence: (units: number) => T): T | T[] {
    const { levels, returnState, returnStateSequences } = this.settings;
    const all = [
      ...(levels.at(-1)!.merge === 'none' ? [y, y] : [y]),
      ...(returnState ? this.states.map(({ units }) => final(units)) : []),
      ...(returnStateSequences ? this.states.map(({ units }) => sequence(units)) : []),
    ];
    return all.length === 1 ? all[0]! : all;
  }

  override computeMask(_: tf.Tensor | tf.Tensor[], mask?: tf.Tensor | tf.Tensor[]): tf.Tensor | tf.Tensor[] {
    const none = null as unknown as tf.Tensor;
    const real = toList(mask)[0] ?? none;
    return this.#outputs<tf.Tensor>(
      this.settings.returnSequences ? real : none,
      () => none,
      () => real,
    );
  }

  override apply(inputs: Input | Input[], kwargs: Kwargs = {}): ReturnType<layers.Layer['apply']> {
    return applyRecurrent(inputs, kwargs, (given, rest) => super.apply(given, rest));
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Kwargs): tf.Tensor | tf.Tensor[] {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const [x, ...states] = toList(inputs) as [tf.Tensor, ...tf.Tensor[]];
      this.#check([x, ...states].map((tensor) => tensor.shape));
      const { returnSequences, returnState, returnStateSequences } = this.settings;
      const mask = maskFor(this, inputs, kwargs);
      const ran = this.#levels(x, states, mask, kwargs.training === true);
      const all = distinct([
        ...(returnSequences ? ran.y : ran.last),
        ...(returnState ? ran.finals : []),
        ...(returnStateSequences ? ran.sequences : []),
      ]);
      return all.length === 1 ? all[0]! : all;
    });
  }

  /** A whole sequence: its outputs and all final states. Inside a tidy. */
  sequence(x: tf.Tensor, states: readonly tf.Tensor[], mask?: tf.Tensor) {
    if (!this.built) this.apply(x);
    this.#check([x, ...states].map((tensor) => tensor.shape));
    const training = currentRun()?.training ?? false;
    return this.#levels(x, states, mask && tf.cast(mask, 'bool'), training);
  }

  /** What every state starts from, [B,H] each. Inside a tidy. */
  initialStates(B: number): tf.Tensor[] {
    return this.#parts.flat().flatMap((part) => part.initialStates(B));
  }

  #levels(x: tf.Tensor, states: readonly tf.Tensor[], mask: tf.Tensor | undefined, fitting: boolean) {
    const { levels, returnSequences, returnStateSequences } = this.settings;
    const between = this.#between(fitting);
    const finals: tf.Tensor[] = [];
    const sequences: tf.Tensor[] = [];
    let rest = states;
    let y = [x];
    let last: tf.Tensor[] = [];
    levels.forEach((level, l) => {
      const top = l === levels.length - 1;
      const call = { mask, fitting, states: returnStateSequences, sequences: !top || returnSequences };
      const ran = this.#parts[l]!.map((part) => {
        const own = rest.slice(0, part.settings.cell.state.length);
        rest = rest.slice(own.length);
        return part.run(y[0]!, own, call);
      });
      for (const r of ran) {
        finals.push(...r.finals);
        sequences.push(...r.sequences);
      }
      const add = (v: tf.Tensor[], below: tf.Tensor | undefined) =>
        this.settings.residual && l > 0 ? [tf.add(v[0]!, below!)] : v;
      last = add(merged(level, ran, 'last'), last[0]);
      y = add(merged(level, ran, 'y'), y[0]);
      if (!top) y = [between(y[0]!, l)];
    });
    return { y, last, finals, sequences };
  }

  /** Dropout between levels, keyed as the levels' own. */
  #between(fitting: boolean): (y: tf.Tensor, l: number) => tf.Tensor {
    const run = currentRun();
    const rate = this.settings.betweenDropout;
    if (!(run ? run.training : fitting) || rate === 0) return (y) => y;
    const call = this.#calls++;
    return (y, l) => {
      const name = `${this.name}/between/${l}`;
      const key = run ? runKeys(run, name) : ownKeys(hashText(name), call);
      return dropOutput(y, key('output'), rate);
    };
  }

  /** Errors: `GW_LAYER_CONFIG`, `GW_LAYER_CELL_UNKNOWN`, `GW_LAYER_CELL_CHANGED`. */
  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    return new cls(loadStack(config));
  }

  /** For checkpoints: what training has told it, plain JSON, by layer and direction. */
  saveState(): Readonly<Record<string, number>>[][] {
    return this.#parts.map((parts) => parts.map((part) => part.expected));
  }
  loadState(zoneout: Readonly<Record<string, number>>[][]): void {
    for (const [i, parts] of this.#parts.entries())
      for (const [k, part] of parts.entries()) part.expected = zoneout[i]?.[k] ?? part.expected;
  }

  override getConfig(): tf.serialization.ConfigDict {
    const trained = this.#parts.map((parts) => parts.map((part) => part.trained));
    return { ...super.getConfig(), ...saveStack(this.settings, trained) };
  }
}
tf.serialization.registerClass(StackLayer);

const two: Readonly<Record<Merge, (forward: tf.Tensor, backward: tf.Tensor) => tf.Tensor[]>> = {
  concat: (f, b) => [tf.concat([f, b], -1)],
  sum: (f, b) => [tf.add(f, b)],
  average: (f, b) => [tf.mul(tf.add(f, b), 0.5)],
  product: (f, b) => [tf.mul(f, b)],
  none: (f, b) => [f, b],
};

function merged({ merge }: Level, ran: readonly PartResult[], what: 'y' | 'last'): tf.Tensor[] {
  if (merge === undefined) return [ran[0]![what]];
  return two[merge](ran[0]![what], ran[1]![what]);
}
