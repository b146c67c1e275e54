import { hashText } from '@gatewise/core';
import { currentRun, type Lengths, recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import { checkIds, checkMask, checkShapes, featuresOf } from './checks.js';
import { type RecurrentConfig, type Settings, settingsOf } from './config.js';
import { layerArgs } from './layer-args.js';
import { maskOfLengths } from './lengths-layer.js';
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
import { type Input, type Kwargs, lazyInitializer, shapesOf, toList } from './tf-layers.js';
import { planWeights } from './weights.js';

const silent = { input: 0, recurrent: 0, output: 0 };

/** A cell as a tf.layers layer; make one with `recurrent(config)`. */
export class RecurrentLayer extends layers.Layer {
  static className = 'GatewiseRecurrent';
  /** The config it was made of, checked, with every default filled in. */
  readonly settings: Settings;
  readonly #byName = new Map<string, LayerVariable>();
  /** I, once built. */
  #features = 0;
  /** Training calls outside a trainer's run. */
  #calls = 0;
  /** The zoneout it was last trained with: inference takes its expectation. */
  #zoneout: Rates['zoneout'];

  constructor(config: RecurrentConfig) {
    const settings = settingsOf(config);
    super(layerArgs(config, settings));
    this.settings = settings;
    this.#zoneout = settings.zoneout;
    this.supportsMasking = true;
    if (config.weights) this.setFastWeightInitDuringBuild(true);
  }

  get returnSequences(): boolean {
    return this.settings.returnSequences;
  }

  override build(inputShape: Shape | Shape[]): void {
    const shapes = shapesOf(inputShape);
    const I = featuresOf(this.name, shapes[0] ?? [], this.settings);
    checkShapes(this.name, this.settings, I, shapes);
    this.#features = I;
    for (const { name, shape, values } of planWeights(this.settings, I, this.#seed())) {
      this.#byName.set(name, this.addWeight(name, shape, 'float32', lazyInitializer(values)));
    }
    this.built = true;
  }

  #seed(): number {
    return this.settings.seed ?? hashText(this.name);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const shapes = shapesOf(inputShape);
    const x = shapes[0] ?? [];
    const { cell, units, returnSequences, returnState } = this.settings;
    checkShapes(this.name, this.settings, this.#features || featuresOf(this.name, x, this.settings), shapes);
    const final: Shape = [x[0] ?? null, units];
    const y: Shape = returnSequences ? [x[0] ?? null, x[1] ?? null, units] : final;
    return returnState ? [y, ...cell.state.map(() => final)] : y;
  }

  override computeMask(
    _inputs: tf.Tensor | tf.Tensor[],
    mask?: tf.Tensor | tf.Tensor[],
  ): tf.Tensor | tf.Tensor[] {
    const { cell, returnSequences, returnState } = this.settings;
    const none = null as unknown as tf.Tensor;
    const y = (returnSequences ? toList(mask)[0] : none) ?? none;
    return returnState ? [y, ...cell.state.map(() => none)] : y;
  }

  override apply(inputs: Input | Input[], kwargs: Kwargs = {}): ReturnType<layers.Layer['apply']> {
    const { initialState, lengths, ...rest } = kwargs;
    if (lengths != null) return this.#applyLengths(inputs, lengths as Lengths, { initialState, ...rest });
    if (initialState == null) return super.apply(inputs as tf.Tensor[], rest);
    // states are inputs like x: so tf.layers keeps them in the graph of a model and in its file
    return super.apply([...toList(inputs), ...toList(initialState as Input | Input[])] as tf.Tensor[], rest);
  }

  #applyLengths(
    inputs: Input | Input[],
    lengths: Lengths,
    kwargs: Kwargs,
  ): ReturnType<layers.Layer['apply']> {
    const mask = maskOfLengths(inputs, lengths);
    try {
      return this.apply(inputs, { ...kwargs, mask });
    } finally {
      mask.dispose();
    }
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Kwargs): tf.Tensor | tf.Tensor[] {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const all = toList(inputs);
      const shapes = all.map((tensor) => tensor.shape);
      checkShapes(this.name, this.settings, this.#features, shapes);
      return this.#recur(all, this.#mask(inputs, kwargs), this.#regularisation(kwargs.training === true));
    });
  }

  #recur([x, ...states]: tf.Tensor[], mask: tf.Tensor | undefined, how: Regularisation) {
    const { cell, units, reverse, padding, returnSequences, returnState } = this.settings;
    const R = this.#read('recurrent_kernel');
    const { y, final } = recur(cell, {
      ...this.#input(x!, mask, how),
      ...(R ? { R } : {}),
      b: this.#read('bias') ?? tf.zeros([cell.gates.length * units]),
      vectors: Object.fromEntries((cell.vectors ?? []).map((name) => [name, this.#read(name)!])),
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

  #read(name: string): tf.Tensor | undefined {
    return this.#byName.get(name)?.read();
  }

  #input(x: tf.Tensor, mask: tf.Tensor | undefined, { rates, key }: Regularisation) {
    const ready = prepareInput(x, mask);
    const W = this.#read('kernel')!;
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
    const asked = run?.regularisers({ name: this.name, units: this.settings.units }) ?? {};
    const rates = mergeRates(this.settings, asked);
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
    return { ...super.getConfig(), ...saveSettings({ ...this.settings, zoneout: this.#zoneout }) };
  }
}
tf.serialization.registerClass(RecurrentLayer);
