import { currentRun } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { CellPart } from './cell-part.js';
import { checkShapes, featuresOf } from './checks.js';
import { type RecurrentConfig, type Settings, settingsOf } from './config.js';
import { layerArgs } from './layer-args.js';
import { applyRecurrent, maskFor } from './layer-inputs.js';
import { loadSettings, saveSettings } from './saved-config.js';
import { distinct, type Input, type Kwargs, lazyInitializer, shapesOf, toList } from './tf-layers.js';

/** A cell as a tf.layers layer; make one with `recurrent(config)`. */
export class RecurrentLayer extends layers.Layer {
  static className = 'GatewiseRecurrent';
  /** The config it was made of, checked, with every default filled in. */
  readonly settings: Settings;
  readonly #part: CellPart;

  constructor(config: RecurrentConfig) {
    const settings = settingsOf(config);
    super(layerArgs(config, settings.cell.name, settings.inputDim));
    this.settings = settings;
    this.#part = new CellPart(this.name, settings);
    this.supportsMasking = true;
    if (config.weights) this.setFastWeightInitDuringBuild(true);
  }

  get returnSequences(): boolean {
    return this.settings.returnSequences;
  }

  /** Names and widths of the states, as `apply` takes and returns them. */
  get states(): readonly { readonly name: string; readonly units: number }[] {
    const { cell, units } = this.settings;
    return cell.state.map((name) => ({ name, units }));
  }

  /** True where a step needs none after it. */
  get causal(): boolean {
    return !this.settings.reverse;
  }

  override build(inputShape: Shape | Shape[]): void {
    const shapes = shapesOf(inputShape);
    const I = featuresOf(this.name, shapes[0] ?? [], this.settings);
    checkShapes(this.name, this.settings, I, shapes);
    this.#part.build(I, (name, shape, values) =>
      this.addWeight(name, shape, 'float32', lazyInitializer(values)),
    );
    this.built = true;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const shapes = shapesOf(inputShape);
    const x = shapes[0] ?? [];
    const { units, returnSequences } = this.settings;
    checkShapes(
      this.name,
      this.settings,
      this.#part.features || featuresOf(this.name, x, this.settings),
      shapes,
    );
    const final: Shape = [x[0] ?? null, units];
    const y: Shape = returnSequences ? [x[0] ?? null, x[1] ?? null, units] : final;
    return this.#outputs(y, final, [x[0] ?? null, x[1] ?? null, units]);
  }

  /** y, the final states, the sequences of states: as many as were asked for. */
  #outputs<T>(y: T, final: T, sequence: T): T | T[] {
    const { cell, returnState, returnStateSequences } = this.settings;
    const more = [
      ...(returnState ? cell.state.map(() => final) : []),
      ...(returnStateSequences ? cell.state.map(() => sequence) : []),
    ];
    return more.length > 0 ? [y, ...more] : y;
  }

  override computeMask(
    _inputs: tf.Tensor | tf.Tensor[],
    mask?: tf.Tensor | tf.Tensor[],
  ): tf.Tensor | tf.Tensor[] {
    const none = null as unknown as tf.Tensor;
    const real = toList(mask)[0] ?? none;
    return this.#outputs(this.settings.returnSequences ? real : none, none, real);
  }

  override apply(inputs: Input | Input[], kwargs: Kwargs = {}): ReturnType<layers.Layer['apply']> {
    return applyRecurrent(inputs, kwargs, (given, rest) => super.apply(given, rest));
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Kwargs): tf.Tensor | tf.Tensor[] {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const all = toList(inputs);
      const shapes = all.map((tensor) => tensor.shape);
      checkShapes(this.name, this.settings, this.#part.features, shapes);
      return this.#run(all, maskFor(this, inputs, kwargs), kwargs.training === true);
    });
  }

  #run([x, ...states]: tf.Tensor[], mask: tf.Tensor | undefined, fitting: boolean): tf.Tensor | tf.Tensor[] {
    const { returnSequences, returnState, returnStateSequences } = this.settings;
    const call = { mask, fitting, states: returnStateSequences, sequences: returnSequences };
    const { y, last, finals, sequences } = this.#part.run(x!, states, call);
    const out = returnSequences ? y : last;
    if (!returnState && !returnStateSequences) return out;
    return distinct([out, ...(returnState ? finals : []), ...sequences]);
  }

  /** A whole sequence: its outputs and all final states. Inside a tidy. */
  sequence(x: tf.Tensor, states: readonly tf.Tensor[], mask?: tf.Tensor) {
    if (!this.built) this.apply(x);
    const shapes = [x, ...states].map((tensor) => tensor.shape);
    checkShapes(this.name, this.settings, this.#part.features, shapes);
    const fitting = currentRun()?.training ?? false;
    const call = { mask: mask && tf.cast(mask, 'bool'), fitting, states: false, sequences: true };
    const { y, finals } = this.#part.run(x, states, call);
    return { y: [y], finals };
  }

  /** What every state starts from, [B,H] each. Inside a tidy. */
  initialStates(B: number): tf.Tensor[] {
    return this.#part.initialStates(B);
  }

  /** Errors: `GW_LAYER_CONFIG`, `GW_LAYER_CELL_UNKNOWN`, `GW_LAYER_CELL_CHANGED`. */
  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    return new cls(loadSettings(config));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...saveSettings(this.#part.trained) };
  }

  /** For checkpoints: what training has told it, plain JSON. */
  saveState(): Readonly<Record<string, number>> {
    return this.#part.expected;
  }
  loadState(zoneout: Readonly<Record<string, number>>): void {
    this.#part.expected = zoneout;
  }
}
tf.serialization.registerClass(RecurrentLayer);
