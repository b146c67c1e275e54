/**
 * Seeded random numbers in u32 arithmetic that TypeScript, C++, WASM, GLSL and WGSL compute alike.
 * Counter-based: a draw depends on its key and counters alone, so masks need no state and no upload.
 */

/** Mixes one u32: xor-shift and multiply rounds (Wellons, "lowbias32", 2018). */
export function mix(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, 0x21f0aaad);
  x ^= x >>> 15;
  x = Math.imul(x, 0x735a2d97);
  x ^= x >>> 15;
  return x >>> 0;
}

/** Folds one counter into a key: k ← mix(k·0x9e3779b1 + n + 1). */
export function foldOne(k: number, n: number): number {
  return mix((Math.imul(k, 0x9e3779b1) + (n >>> 0) + 1) | 0);
}

/** Folds counters into a key, one at a time. Order matters. */
export function foldKey(key: number, ...counters: readonly number[]): number {
  let k = key >>> 0;
  for (const n of counters) k = foldOne(k, n);
  return k;
}

/** A stable u32 of a text, for keys made of names (FNV-1a). */
export function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** True with probability `rate`: the u32 draw of (key, t, b, unit) is below rate·2³². */
export function drawBelow(key: number, t: number, b: number, unit: number, rate: number): boolean {
  return foldKey(key, t, b, unit) < rate * 0x100000000;
}

/** A seeded stream of numbers; `state` and `restore` make a run resumable. */
export interface Random {
  /** The next u32. */
  u32(): number;
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Uniform integer in [0, n). */
  int(n: number): number;
  /** Standard normal (Box and Muller, 1958). */
  normal(): number;
  /** A shuffled copy (Fisher and Yates). */
  shuffle<T>(items: readonly T[]): T[];
  /** An independent stream named by `name`; it does not advance this one. */
  fork(name: string): Random;
  /** The state, plain JSON. */
  state(): RandomState;
  /** Continues from a state. */
  restore(state: RandomState): void;
}
export interface RandomState {
  readonly key: number;
  readonly count: number;
}

/** A seeded stream: draw n is a hash of (seed, n). Example: `random(42).uniform()`. */
export function random(seed: number): Random {
  let key = foldKey(0x67617465, seed >>> 0, Math.floor(seed / 0x100000000));
  let count = 0;
  const u32 = () => {
    const n = count++;
    return foldKey(key, n, Math.floor(n / 0x100000000));
  };
  const uniform = () => ((u32() >>> 5) * 0x4000000 + (u32() >>> 6)) / 0x20000000000000;
  const int = (n: number) => Math.floor(uniform() * n);
  return {
    u32,
    uniform,
    int,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    shuffle<T>(items: readonly T[]): T[] {
      const a = [...items];
      for (let i = a.length - 1; i > 0; i--) {
        const j = int(i + 1);
        [a[i], a[j]] = [a[j] as T, a[i] as T];
      }
      return a;
    },
    fork: (name) => random(foldKey(key, hashText(name))),
    state: () => ({ key, count }),
    restore(state) {
      ({ key, count } = state);
    },
  };
}
