import { GatewiseError } from '@gatewise/core';
import type { Variable } from '@tensorflow/tfjs-core';
import { readOptions } from './options.js';

/**
 * Which weights: those whose name matches, or begins with a text, or for which the function is true.
 *
 * @example
 * /bias|embedding/   'head/'   (name, { rank }) => rank < 2
 */
export type WeightChoice = RegExp | string | ((name: string, weight: Variable) => boolean);

/** The weights of a group, and those options of the rule that are other for them. */
export type WeightGroup<Options> = Options & { readonly weights: WeightChoice };

/** The options of a rule, and groups of weights for which some are other; the first that matches is a weight's. */
export type Grouped<Options> = Options & { readonly groups?: readonly WeightGroup<Options>[] };

export type Config = Readonly<Record<string, number>> & { readonly learningRate: number };

interface Group {
  readonly choice: WeightChoice;
  /** What it was given. */
  readonly own: Readonly<Record<string, number>>;
  /** All options of its weights. */
  readonly config: Config;
}

/** The weights of an optimizer that go by options of their own. */
export class Groups {
  readonly #config: Config;
  readonly #groups: readonly Group[];
  /** The group of each variable by its name, -1 where it is in none. */
  #of = new Map<string, number>();
  /** The names of each group's weights, once they are known. */
  #names: readonly (readonly string[])[] | null = null;

  /** Errors: `GW_OPTIM_OPTION`. */
  constructor(of: string, config: Config, groups: readonly WeightGroup<object>[]) {
    this.#config = config;
    if (!Array.isArray(groups))
      refuse('OPTION', `${of}: got groups ${groups}, wanted a list of { weights, … }`);
    this.#groups = groups.map((group, k) => readGroup(`${of}, group ${k}`, group, config));
  }

  /**
   * Tells the names that groups go by, and sorts the weights into them. Errors: `GW_OPTIM_GROUP` where a group has none, and
   * what was there stays.
   */
  sort(weights: Readonly<Record<string, Variable>>): void {
    if (this.#groups.length === 0) return;
    const sorted = Object.entries(weights).map(([name, w]) => ({ name, w, k: this.#choose(name, w) }));
    for (const [k, { choice }] of this.#groups.entries()) {
      if (sorted.some((one) => one.k === k)) continue;
      const taken = sorted.filter(({ name, w }) => matches(choice, name, w)).map(({ name }) => name);
      refuse(
        'GROUP',
        `got group ${k} of the weights ${describe(choice)}, which ` +
          (taken.length > 0
            ? `finds only ${taken.join(', ')}, wanted one that groups before it leave; the first that matches counts`
            : `is none of them, wanted some of ${sorted.map(({ name }) => name).join(', ')}`),
      );
    }
    this.#of = new Map(sorted.map(({ w, k }) => [w.name, k]));
    this.#names = this.#groups.map((_, k) => sorted.filter((one) => one.k === k).map(({ name }) => name));
  }

  /** The options of each of the weights at learning rate η; the same object within a group. */
  options(η: number, weights: readonly Variable[]): Config[] {
    const rest = { ...this.#config, learningRate: η };
    if (this.#groups.length === 0) return weights.map(() => rest);
    if (this.#names === null) this.sort(Object.fromEntries(weights.map((w) => [w.name, w])));
    const own = this.#groups.map(({ config }) => ({ ...config, learningRate: this.#scaled(config, η) }));
    return weights.map((w) => own[this.#find(w)] ?? rest);
  }

  /** A group's rate where that of the others is η; no rounding where nothing has changed it. */
  #scaled({ learningRate: rate }: Config, η: number): number {
    const { learningRate: base } = this.#config;
    return η === base ? rate : base === 0 ? η : η * (rate / base);
  }

  #find(w: Variable): number {
    const known = this.#of.get(w.name) ?? this.#choose(w.name, w);
    this.#of.set(w.name, known);
    return known;
  }

  #choose = (name: string, w: Variable): number =>
    this.#groups.findIndex(({ choice }) => matches(choice, name, w));

  /** Plain data at learning rate η: the names of the weights where they are known, else how they are chosen. */
  describe(η: number): { weights: readonly string[] | string; [option: string]: unknown }[] {
    return this.#groups.map(({ choice, own, config }, k) => ({
      weights: this.#names?.[k] ?? describe(choice),
      ...own,
      ...(own.learningRate !== undefined && { learningRate: this.#scaled(config, η) }),
    }));
  }
}

/** Errors: `GW_OPTIM_OPTION`. */
function readGroup(of: string, group: WeightGroup<object>, config: Config): Group {
  const { weights: choice, ...given } = (group ?? {}) as WeightGroup<Record<string, number>>;
  const fine =
    choice instanceof RegExp || typeof choice === 'function' || (typeof choice === 'string' && choice !== '');
  if (!fine) {
    refuse(
      'OPTION',
      `${of}: got weights ${JSON.stringify(choice)}, wanted a RegExp, the beginning of their names, or (name, weight) => boolean`,
    );
  }
  const options = readOptions(of, given, config, ['weights']);
  if (config.learningRate === 0 && given.learningRate !== undefined) {
    refuse(
      'OPTION',
      `${of}: got learningRate ${given.learningRate} beside 0 for the others, wanted one above 0 for those: schedules scale all alike; ` +
        'to keep weights as they are give them a group with learningRate 0',
    );
  }
  const own = Object.fromEntries(Object.keys(given).map((name) => [name, options[name]!]));
  return { choice, own, config: options };
}

/** Errors: `GW_OPTIM_GROUP` for a function that gives no boolean. */
function matches(choice: WeightChoice, name: string, w: Variable): boolean {
  if (typeof choice === 'string') return name.startsWith(choice);
  // search begins at the start, whatever a flag g or y has left behind
  if (choice instanceof RegExp) return name.search(choice) >= 0;
  const answer: unknown = choice(name, w);
  if (typeof answer === 'boolean') return answer;
  return refuse(
    'GROUP',
    `got ${String(answer)} ${describe(choice)} for the weight "${name}", wanted true or false`,
  );
}

function describe(choice: WeightChoice): string {
  if (typeof choice !== 'function') return choice instanceof RegExp ? String(choice) : `"${choice}…"`;
  return choice.name === '' || choice.name === 'weights' ? 'of a function' : `of the function ${choice.name}`;
}

function refuse(what: 'OPTION' | 'GROUP', message: string): never {
  throw new GatewiseError(`GW_OPTIM_${what}`, message);
}
