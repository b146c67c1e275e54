import { didYouMean, GatewiseError } from '@gatewise/core';

interface Range {
  readonly wanted: string;
  holds(value: number): boolean;
}
const notNegative: Range = { wanted: 'a finite number from 0', holds: (v) => v >= 0 && v < Infinity };
const fraction: Range = { wanted: 'a number from 0 to below 1', holds: (v) => v >= 0 && v < 1 };

const ranges: Readonly<Record<string, Range>> = {
  learningRate: notNegative,
  epsilon: notNegative,
  weightDecay: notNegative,
  momentum: fraction,
  decay: fraction,
  beta1: fraction,
  beta2: fraction,
};

/** One option. Errors: `GW_OPTIM_OPTION`. */
export function checkOption(of: string, name: string, value: unknown): number {
  const { wanted, holds } = ranges[name]!;
  if (typeof value === 'number' && holds(value)) return value;
  throw new GatewiseError('GW_OPTIM_OPTION', `${of}: got ${name} ${value}, wanted ${wanted}`);
}

/** What was given over the defaults; `others` are names that may stand beside them. Errors: `GW_OPTIM_OPTION`. */
export function readOptions<T extends Readonly<Record<string, number>>>(
  of: string,
  given: { readonly [K in keyof T]?: number | undefined },
  defaults: T,
  others: readonly string[],
): T {
  const names = Object.keys(defaults);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const all = [...names, ...others];
    throw new GatewiseError(
      'GW_OPTIM_OPTION',
      `${of}: got the option "${unknown}", wanted ${all.join(', ')}${didYouMean(unknown, all)}`,
    );
  }
  const values = names.map((name) => [name, checkOption(of, name, given[name] ?? defaults[name])]);
  return Object.fromEntries(values) as T;
}
