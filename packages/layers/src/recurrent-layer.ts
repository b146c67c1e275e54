import { cellNames, hashText, random } from '@gatewise/core';
import { currentRun, recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkIds, checkMask, checkShapes, featuresOf } from './checks.js';
import { type RecurrentConfig, type Settings, settingsOf } from './config.js';
import { type InitialiserName, initialise, type WeightShape } from './initialisers.js';
import { maskCanReach } from './mask-origin.js';
import { dropInput, dropOutput, prepareInput } from './prepare-input.js';
import {
  mergeRates,
  ownKeys,
  type Rates,
  type Regularisation,
  regularisedArgs,
  runKeys,
} from './regularise.js';
import { loadSettings, saveSettings } from './saved-config.js';
import {
  type Input,
  type Kwargs,
  type LayerArgs,
  layerArgNames,
  lazyInitializer,
  shapesOf,
  toList,
} from './tf-layers.js';

/** Layers made so far, by cell: for default names. */
const made = new Map<string, number>();

/** A cell as a tf.layers layer; make one with `recurrent(config)`. */
export class RecurrentLayer extends layers.Layer {
  static className = 'GatewiseRecurrent';
  readonly #settings: Settings;
  readonly #vectors = new Map<string, LayerVariable>();
  #features = 0;
  #kernel: LayerVariable | undefined;
  #recurrentKernel: LayerVariable | undefined;
  #bias: LayerVariable | undefined;
  /** Training calls outside a trainer's run. */
  #calls = 0;
  /** The zoneout it was last trained with: inference takes its expectation. */
  #zoneout: Rates['zoneout'];

  constructor(config: RecurrentConfig) {
    const settings = settingsOf(config);
    super(layerArgs(config, settings));
    this.#settings = settings;
    this.#zoneout = settings.zoneout;
    this.supportsMasking = true;
    if (config.weights) this.setFastWeightInitDuringBuild(true);
  }

  get returnSequences(): boolean {
    return this.#settings.returnSequences;
  }

  override build(inputShape: Shape | Shape[]): void {
    const { cell, units: H, useBias, ...init } = this.#settings;
    const names = cellNames(cell);
    const shapes = shapesOf(inputShape);
    const I = featuresOf(this.name, shapes[0] ?? [], this.#settings);
    checkShapes(this.name, this.#settings, I, shapes);
    const blocks = names.input.length;
    this.#features = I;
    this.#kernel = this.#weight('kernel', init.kernelInitializer, { rows: I, cols: H, blocks });
    if (names.recurrent.length > 0) {
      const shape = { rows: H, cols: H, blocks: names.recurrent.length };
      this.#recurrentKernel = this.#weight('recurrent_kernel', init.recurrentInitializer, shape);
    }
    if (useBias) {
      this.#bias = this.#weight('bias', init.biasInitializer, {
        rows: 1,
        cols: H,
        blocks: names.gates.length,
      });
    }
    for (const name of names.vectors) {
      this.#vectors.set(name, this.#weight(name, init.vectorInitializer, { rows: 1, cols: H, blocks: 1 }));
    }
    this.built = true;
  }

  #weight(name: string, initialiser: InitialiserName, shape: WeightShape): LayerVariable {
    const columns = shape.cols * shape.blocks;
    const values = () => {
      const start = initialise(initialiser, shape, random(this.#seed()).fork(name));
      return name === 'bias' ? this.#withForgetBias(start) : start;
    };
    const size =
      shape.rows === 1 && name !== 'kernel' && name !== 'recurrent_kernel'
        ? [columns]
        : [shape.rows, columns];
    return this.addWeight(name, size, 'float32', lazyInitializer(values));
  }

  #withForgetBias(bias: Float32Array): Float32Array {
    const { cell, units, forgetBias } = this.#settings;
    const f = cell.gates.indexOf('f');
    return bias.map((value, n) =>
      f >= 0 && Math.floor(n / units) === f ? value + (forgetBias ?? 0) : value,
    );
  }

  #seed(): number {
    return this.#settings.seed ?? hashText(this.name);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const shapes = shapesOf(inputShape);
    const x = shapes[0] ?? [];
    const { cell, units, returnSequences, returnState } = this.#settings;
    checkShapes(
      this.name,
      this.#settings,
      this.#features || featuresOf(this.name, x, this.#settings),
      shapes,
    );
    const final: Shape = [x[0] ?? null, units];
    const y: Shape = returnSequences ? [x[0] ?? null, x[1] ?? null, units] : final;
    return returnState ? [y, ...cell.state.map(() => final)] : y;
  }

  override computeMask(
    _inputs: tf.Tensor | tf.Tensor[],
    mask?: tf.Tensor | tf.Tensor[],
  ): tf.Tensor | tf.Tensor[] {
    const { cell, returnSequences, returnState } = this.#settings;
    const none = null as unknown as tf.Tensor;
    const y = (returnSequences ? toList(mask)[0] : none) ?? none;
    return returnState ? [y, ...cell.state.map(() => none)] : y;
  }

  override apply(inputs: Input | Input[], kwargs: Kwargs = {}) {
    const { initialState, ...rest } = kwargs;
    if (initialState == null) return super.apply(inputs as tf.Tensor[], kwargs);
    // states are inputs like x: so tf.layers keeps them in the graph of a model and in its file
    return super.apply([...toList(inputs), ...toList(initialState as Input | Input[])] as tf.Tensor[], rest);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Kwargs): tf.Tensor | tf.Tensor[] {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const all = toList(inputs);
      const shapes = all.map((tensor) => tensor.shape);
      checkShapes(this.name, this.#settings, this.#features, shapes);
      return this.#recur(all, this.#mask(inputs, kwargs), this.#regularisation(kwargs.training === true));
    });
  }

  #recur([x, ...states]: tf.Tensor[], mask: tf.Tensor | undefined, how: Regularisation) {
    const { cell, units, reverse, padding, returnSequences, returnState } = this.#settings;
    const input = this.#input(x!, mask, how);
    const { y, final } = recur(cell, {
      ...input,
      b: this.#bias?.read() ?? tf.zeros([cell.gates.length * units]),
      ...(this.#recurrentKernel ? { R: this.#recurrentKernel.read() } : {}),
      vectors: Object.fromEntries([...this.#vectors].map(([name, vector]) => [name, vector.read()])),
      state0: Object.fromEntries(states.map((state, k) => [cell.state[k]!, state])),
      ...(mask ? { mask } : {}),
      reverse,
      padding,
      layer: this.name,
      ...regularisedArgs(how),
    });
    const finals = cell.state.map((name) => final[name]!);
    const last: tf.Tensor = returnSequences ? y : finals[0]!;
    const out = how.rates.output > 0 ? dropOutput(last, how.key('output'), how.rates.output) : last;
    if (!returnState) return out;
    // never the same tensor twice: tf.layers disposes of each output by itself
    return [out === finals[0] ? tf.clone(out) : out, ...finals];
  }

  #input(x: tf.Tensor, mask: tf.Tensor | undefined, { rates, key }: Regularisation) {
    const ready = prepareInput(x, mask);
    const W = this.#kernel!.read();
    if (ready.rank === 2) checkIds(this.name, ready, this.#features);
    return rates.input > 0 ? dropInput(ready, W, key('input'), rates.input) : { x: ready, W };
  }

  /** The mask of x, bool [B,T]. tf.layers calls with a list when it runs a model. */
  #mask(inputs: tf.Tensor | tf.Tensor[], kwargs: Kwargs): tf.Tensor | undefined {
    const mask = toList(kwargs.mask as tf.Tensor | tf.Tensor[] | undefined)[0];
    if (mask == null || (Array.isArray(inputs) && !maskCanReach(this))) return undefined;
    checkMask(this.name, mask, toList(inputs)[0]!);
    return mask.dtype === 'bool' ? mask : tf.cast(mask, 'bool');
  }

  /** In a trainer's run its plugins speak; in plain `model.fit` the layer's own options alone. */
  #regularisation(fitting: boolean): Regularisation {
    const run = currentRun();
    const training = run ? run.training : fitting;
    if (!training) return { training, rates: { ...silent, zoneout: this.#zoneout }, key: () => 0 };
    const asked = run?.regularisers({ name: this.name, units: this.#settings.units }) ?? {};
    const rates = mergeRates(this.#settings, asked);
    this.#zoneout = rates.zoneout;
    const key = run ? runKeys(run, this.name) : ownKeys(this.#seed(), this.#calls++);
    return { training, rates, key };
  }

  /** Errors: `GW_LAYER_CONFIG`, `GW_LAYER_CELL_UNKNOWN`, `GW_LAYER_CELL_CHANGED`. */
  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    return new cls(loadSettings(config));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), ...saveSettings({ ...this.#settings, zoneout: this.#zoneout }) };
  }
}
tf.serialization.registerClass(RecurrentLayer);

const silent = { input: 0, recurrent: 0, output: 0 };

/** What tf.layers itself takes, with a name after the cell, and with ids [B,T] of any length as input where `inputDim` says so. */
function layerArgs(config: RecurrentConfig, { cell, inputDim }: Settings): LayerArgs {
  const args: LayerArgs = Object.fromEntries(
    layerArgNames.filter((name) => config[name] !== undefined).map((name) => [name, config[name]]),
  );
  args.name ??= nextName(cell.name);
  if (inputDim === undefined) return args;
  if (!args.inputShape && !args.batchInputShape) args.batchInputShape = [args.batchSize ?? null, null];
  args.dtype ??= args.inputDType ?? 'int32';
  return args;
}

function nextName(cell: string): string {
  const count = (made.get(cell) ?? 0) + 1;
  made.set(cell, count);
  return `${cell.replaceAll('-', '_')}_${count}`;
}
