import type { Exports } from '../load.js';

/** The functions of assembly/math.ts in float64. */
export const functions: Readonly<Record<string, (x: number) => number>> = {
  exp: Math.exp,
  logistic: (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))),
  tanh: Math.tanh,
};

const [bits, float] = (() => {
  const buffer = new ArrayBuffer(4);
  return [new Uint32Array(buffer), new Float32Array(buffer)];
})();

/** The distance between floats near a value, at least the smallest one. */
function ulpAt(value: number): number {
  float[0] = Math.abs(value);
  const exponent = bits[0]! >>> 23;
  return 2 ** (Math.max(exponent, 1) - 150);
}

/** The largest error over every `stride`-th float of [−limit, limit]; infinity stands where the result is beyond floats. */
export function worstUlp(
  exports: Exports,
  memory: WebAssembly.Memory,
  name: string,
  limit: number,
  stride: number,
) {
  const N = 4096;
  const [from, to] = [1024, 1024 + 4 * N];
  const which = Object.keys(functions).indexOf(name);
  const exact = functions[name]!;
  float[0] = limit;
  const last = bits[0]!;
  const result = { worst: 0, at: 0, count: 0 };
  for (const sign of [0, 0x80000000]) {
    for (let start = 0; start <= last; start += N * stride) {
      const n = Math.min(N, Math.floor((last - start) / stride) + 1);
      const x = new Uint32Array(memory.buffer, from, N);
      for (let k = 0; k < N; k++) x[k] = sign + start + (k < n ? k : 0) * stride;
      exports.math(which, from, to, N);
      const [xs, ys] = [from, to].map((at) => new Float32Array(memory.buffer, at, n));
      for (let k = 0; k < n; k++) compare(xs![k]!, ys![k]!, exact, result);
      result.count += n;
    }
  }
  return result;
}

function compare(x: number, y: number, exact: (x: number) => number, result: { worst: number; at: number }) {
  const wanted = exact(x);
  if (y === wanted || (y === Number.POSITIVE_INFINITY && wanted > 3.4028235677973366e38)) return;
  const off = Math.abs(y - wanted) / ulpAt(wanted);
  if (off <= result.worst) return;
  result.worst = off;
  result.at = x;
}

/** Takes the module's constants from the end of a memory that is written by hand. */
export const atEnd =
  ({ buffer }: WebAssembly.Memory) =>
  (bytes: number): number =>
    buffer.byteLength - bytes;
