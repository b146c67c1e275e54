import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { GatewiseError } from '@gatewise/core';
import type { DenseAddon } from './dense.js';
import type { UpdateAddon } from './update.js';

export type Numbers = Float32Array | Int32Array | Uint8Array;
export type Inputs = readonly (Numbers | null)[];
type Outputs = readonly (Float32Array | null)[];

/** What forward leaves in the addon's memory for backward. */
export type Reserve = object;

/** The functions of native/binding.cc. */
export interface Addon extends DenseAddon, UpdateAddon {
  forward(...args: [...Head, outputs: Outputs]): Reserve | undefined;
  backward(...args: [...Head, reserve: Reserve, cotangents: Inputs, outputs: Outputs]): void;
  /** Instruction set, threads, live reserves, then every instruction set that works here. */
  describe(): [string, number, number, ...string[]];
  use(arch: string): void;
  /** 0 exp, 1 logistic, 2 tanh, in place; the length is a multiple of 16. */
  math(which: number, values: Float32Array): void;
  /** [worst distance in ulp, where, how many floats] over every `stride`-th float of [low, high]. */
  ulp(which: number, low: number, high: number, stride: number): [number, number, number];
}
/** plan, constants, shape, rates, inputs */
export type Head = [Int32Array, Float32Array, Int32Array, Float64Array, Inputs];

const file = new URL('../build/gatewise_native.node', import.meta.url);
let loaded: Addon | GatewiseError | undefined;

/** The addon, or why it is not there. */
export function findAddon(): Addon | GatewiseError {
  loaded ??= load(file);
  return loaded;
}

/** Loads an addon file. Errors, returned: `GW_ENGINE_NATIVE`. */
export function load(from: URL): Addon | GatewiseError {
  const build = 'likely fix: npm run setup:native, or do without: the other engines serve';
  if (!existsSync(from)) {
    return new GatewiseError(
      'GW_ENGINE_NATIVE',
      `got no built addon, wanted build/gatewise_native.node; ${build}`,
    );
  }
  try {
    return createRequire(import.meta.url)(fileURLToPath(from)) as Addon;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new GatewiseError('GW_ENGINE_NATIVE', `got an addon that does not load (${why}); ${build}`, {
      cause,
    });
  }
}

/** Calls into the addon; its coded errors become ours. */
export function guarded<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    const { code, message } = cause as { code?: string; message: string };
    if (!code?.startsWith('GW_')) throw cause;
    throw new GatewiseError(code as `GW_${string}`, message, { cause });
  }
}
