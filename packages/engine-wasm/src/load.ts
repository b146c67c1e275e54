import { GatewiseError } from '@gatewise/core';
import { relaxed, simd } from './module.generated.js';
import { toShared } from './shared.js';

/** The functions of assembly/index.ts; addresses are numbers from 0 to 2³². */
export interface Exports {
  /** Bytes of constants that the module works with; `layConstants` writes them, once. */
  constantBytes(): number;
  layConstants(at: number): void;
  /** Bytes of the frame that every call starts with. */
  frameBytes(): number;
  historyBytes(call: number): number;
  forwardScratch(call: number): number;
  backwardScratch(call: number): number;
  forward(call: number): void;
  backward(call: number): void;
  /** row·T + t of the first id that is none, or −1. */
  badId(call: number): number;
  segmentSum(x: number, ids: number, rows: number, width: number, segments: number, out: number): void;
  /** z ← softmax of every row; e has room for classes, rounded up to 4. */
  softmax(rows: number, classes: number, z: number, e: number): void;
  /** x ← f(x) of n floats, a multiple of 4. */
  apply(which: number, x: number, n: number): void;
  /** x [steps, units] ← its dropout, steps t… of a row. */
  dropout(key: number, rate: number, row: number, t: number, steps: number, units: number, x: number): void;
  /** Bytes that `product` works in. */
  productScratch(n: number, k: number, transposeA: boolean): number;
  /** One batch; activation by its place, bias or 0. */
  product(
    m: number,
    n: number,
    k: number,
    transposeA: boolean,
    transposeB: boolean,
    activation: number,
    a: number,
    b: number,
    bias: number,
    c: number,
    scratch: number,
  ): void;
  /** ids or y is 0; [s, k, d] of each row into out, the gradient into dz unless it is 0. */
  crossEntropy(
    rows: number,
    classes: number,
    z: number,
    ids: number,
    y: number,
    w: number,
    dz: number,
    e: number,
    out: number,
  ): void;
  /** rule, numbers, n (a multiple of 4), w, g and slots; w and the slots are updated in place. */
  update(rule: number, numbers: number, n: number, w: number, g: number, slot0: number, slot1: number): void;
  /** Σ x² of n floats, a multiple of 16. */
  sumSquares(x: number, n: number): number;
  /** x ← factor · x of n floats, a multiple of 4. */
  scale(x: number, n: number, factor: number): void;
  /** 0 exp, 1 logistic, 2 tanh of n floats, n a multiple of 4. */
  math(which: number, from: number, to: number, n: number): void;
}

/** Instruction sets: `relaxed` fuses a·b + c where the processor can. */
export type Variant = 'simd' | 'relaxed';

const bytesOf: Readonly<Record<Variant, string>> = { simd, relaxed };

/** The module's bytes. */
export const decode = (variant: Variant): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(bytesOf[variant]), (c) => c.charCodeAt(0));

/** The variants that work here, the best first. */
export const variantsHere = (): Variant[] =>
  (['relaxed', 'simd'] as const).filter((variant) => WebAssembly.validate(decode(variant)));

/** A compiled module, for memory of its own and for memory that threads share. */
export interface Compiled {
  readonly variant: Variant;
  /** `take` gives room for constants, for the life of the module. */
  instantiate(memory: WebAssembly.Memory, take: (bytes: number) => number): Exports;
}

/** Compiles the best variant that works here. Errors: `GW_ENGINE_WASM`. */
export async function compileModule(variant = variantsHere()[0]): Promise<Compiled> {
  if (variant === undefined) {
    throw new GatewiseError(
      'GW_ENGINE_WASM',
      'got a WebAssembly without SIMD, wanted Chrome 91, Firefox 89, Safari 16.4, Node 16 or newer; likely fix: update, or do without: the engine ops serves',
    );
  }
  const bytes = decode(variant);
  const alone = await compile(bytes);
  let shared: WebAssembly.Module | undefined;
  return {
    variant,
    instantiate(memory, take) {
      const threads = typeof SharedArrayBuffer !== 'undefined' && memory.buffer instanceof SharedArrayBuffer;
      if (threads) shared ??= new WebAssembly.Module(toShared(bytes));
      const instance = new WebAssembly.Instance(threads ? shared! : alone, { env: { memory } });
      const exports = instance.exports as unknown as Exports;
      exports.layConstants(take(exports.constantBytes()));
      return exports;
    },
  };
}

/** A page's Content-Security-Policy may forbid it. */
async function compile(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new GatewiseError(
      'GW_ENGINE_WASM',
      `got a module that does not compile (${cause}), wanted WebAssembly to be allowed; likely fix: script-src 'wasm-unsafe-eval' in the page's policy, or do without: the engine ops serves`,
      { cause },
    );
  }
}
