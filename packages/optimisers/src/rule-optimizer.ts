import type { NamedTensorMap, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { composedStep } from './composed.js';
import { fusedArithmetic, fusedStep } from './fused.js';
import { checkedGradients } from './gradients.js';
import { checkOption } from './options.js';
import type { Rule } from './rule.js';
import { refuse, Slots } from './slots.js';
import type { NamedTensor } from './step.js';

type Config = Readonly<Record<string, number>> & { readonly learningRate: number };

/** The optimizer of a rule. */
export function optimizerOf<S extends string, N extends string>(
  config: Config,
  rule: Rule<S, N>,
): RuleOptimizer {
  return new RuleOptimizer(config, rule);
}

/** An update rule as an optimizer of tf.js. The factories of this package make it. */
export class RuleOptimizer extends tf.Optimizer {
  readonly #rule: Rule;
  readonly #config: Config;
  readonly #slots: Slots;
  #learningRate: number;
  #count: Variable | null = null;

  constructor(config: Config, rule: Rule) {
    super();
    this.#rule = rule;
    this.#config = config;
    this.#learningRate = config.learningRate;
    this.#slots = new Slots(rule.slots);
  }

  /** Told by its own fields: tf.js' `instanceof` takes every optimizer for every other. */
  static is(optimizer: tf.Optimizer): optimizer is RuleOptimizer {
    return #rule in optimizer;
  }

  /** η of the steps to come; free to change between steps. Errors: `GW_OPTIM_OPTION`. */
  get learningRate(): number {
    return this.#learningRate;
  }
  set learningRate(η: number) {
    this.#learningRate = checkOption(this.#rule.name, 'learningRate', η);
  }

  /**
   * One step. Errors: `GW_OPTIM_…` for gradients that do not fit, before any weight has changed.
   */
  override applyGradients(gradients: NamedTensorMap | NamedTensor[]): void {
    const given = checkedGradients(gradients);
    const slots = this.#slots.of(given.map(({ w }) => w));
    const steps = given.map((one, i) => ({ ...one, slots: slots[i]! }));
    const numbers = this.#rule.numbers(this.iterations + 1, this.#learningRate);
    const arithmetic = fusedArithmetic();
    if (arithmetic) fusedStep(arithmetic, this.#rule.name, Object.values(numbers), steps, this.#slots.own);
    else composedStep(this.#rule, numbers, steps);
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

  override getConfig(): { [option: string]: number } {
    return { ...this.#config, learningRate: this.#learningRate };
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
