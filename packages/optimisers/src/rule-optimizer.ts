import type { NamedTensorMap, serialization, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { composedStep } from './composed.js';
import { fusedArithmetic, fusedStep } from './fused.js';
import { checkedGradients } from './gradients.js';
import { type Config, type Grouped, Groups } from './groups.js';
import { checkOption, readOptions } from './options.js';
import type { Rule } from './rule.js';
import { refuse, Slots } from './slots.js';
import type { NamedTensor } from './step.js';

type Given<C> = Grouped<{ readonly [N in keyof C]?: number }>;

/** The optimizer of a rule: what was given over the defaults, for all weights and for groups. Errors: `GW_OPTIM_OPTION`. */
export function optimizerOf<C extends Config, S extends string, N extends string>(
  { groups = [], ...given }: Given<C>,
  defaults: C,
  rule: Rule<C, S, N>,
): RuleOptimizer {
  const config = readOptions(rule.name, given as Given<C>, defaults, ['groups']);
  return new RuleOptimizer(config, rule as unknown as Rule<Config>, new Groups(rule.name, config, groups));
}

/** An update rule as an optimizer of tf.js. The factories of this package make it. */
export class RuleOptimizer extends tf.Optimizer {
  readonly #rule: Rule<Config>;
  readonly #config: Config;
  readonly #groups: Groups;
  readonly #slots: Slots;
  #learningRate: number;
  #count: Variable | null = null;

  constructor(config: Config, rule: Rule<Config>, groups: Groups) {
    super();
    this.#rule = rule;
    this.#config = config;
    this.#groups = groups;
    this.#learningRate = config.learningRate;
    this.#slots = new Slots(rule.slots);
  }

  /** Told by its own fields: tf.js' `instanceof` takes every optimizer for every other. */
  static is(optimizer: tf.Optimizer): optimizer is RuleOptimizer {
    return #rule in optimizer;
  }

  /**
   * η of the steps to come; free to change between steps. The rates of groups keep their ratio to it: a schedule scales all
   * alike. Errors: `GW_OPTIM_OPTION`.
   */
  get learningRate(): number {
    return this.#learningRate;
  }
  set learningRate(η: number) {
    this.#learningRate = checkOption(this.#rule.name, 'learningRate', η);
  }

  /**
   * Sorts the weights into the groups, by these names; `train` calls it with the model's. Without it the names of the variables
   * count, and the first step sorts. Errors: `GW_OPTIM_GROUP` for a group that no weight is in.
   *
   * @example optimizer.nameWeights({ kernel, bias });
   */
  nameWeights(weights: Readonly<Record<string, Variable>>): void {
    this.#groups.sort(weights);
  }

  /**
   * One step. Errors: `GW_OPTIM_…` for gradients that do not fit, before any weight has changed.
   */
  override applyGradients(gradients: NamedTensorMap | NamedTensor[]): void {
    const given = checkedGradients(gradients);
    const weights = given.map(({ w }) => w);
    const options = this.#groups.options(this.#learningRate, weights);
    const slots = this.#slots.of(weights);
    const t = this.iterations + 1;
    const numbers = new Map([...new Set(options)].map((one) => [one, this.#rule.numbers(t, one)]));
    const steps = given.map((one, i) => ({ ...one, slots: slots[i]!, numbers: numbers.get(options[i]!)! }));
    const arithmetic = fusedArithmetic();
    if (arithmetic) fusedStep(arithmetic, this.#rule.name, steps, this.#slots.own);
    else composedStep(this.#rule, steps);
    this.incrementIterations();
  }

  /**
   * The number of steps (`iter`), then the slots: all that another optimizer of the same options needs to go on to the
   * same bits. The tensors stay this optimizer's; later steps change them.
   */
  override async getWeights(): Promise<NamedTensor[]> {
    this.#count ??= tf.tidy(() => tf.variable(tf.scalar(0, 'int32'), false));
    const count = this.#count;
    tf.tidy(() => count.assign(tf.scalar(this.iterations, 'int32')));
    return [{ name: 'iter', tensor: count }, ...this.#slots.saved()];
  }

  /** Takes what `getWeights` gave; the tensors stay the caller's. Errors: `GW_OPTIM_STATE`, and what was there stays. */
  override async setWeights(saved: NamedTensor[]): Promise<void> {
    const [first, ...rest] = saved;
    if (first?.name !== 'iter' || first.tensor.isDisposed || first.tensor.size !== 1) {
      refuse(`got "${first?.name}" as the first of the state, wanted "iter", the number of steps`);
    }
    const count = (await first!.tensor.data())[0]!;
    if (!Number.isInteger(count) || count < 0) refuse(`got ${count} steps, wanted a whole number from 0`);
    this.#slots.restore(rest);
    this.iterations_ = count;
  }

  /** The options, rates as they are now; `groups` where there are some, with the names of their weights where those are known. */
  override getConfig(): serialization.ConfigDict {
    const groups = this.#groups.describe(this.#learningRate) as serialization.ConfigDictArray;
    return {
      ...this.#config,
      learningRate: this.#learningRate,
      ...(groups.length > 0 && { groups }),
    };
  }

  override getClassName(): string {
    return this.#rule.name;
  }

  /** tf.js wants a name of every class it may serialise. */
  static get className(): string {
    return 'RuleOptimizer';
  }

  override dispose(): void {
    this.#slots.dispose();
    this.#count?.dispose();
    this.#count = null;
  }
}
