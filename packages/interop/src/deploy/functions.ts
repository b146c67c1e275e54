import type { Activation, Merge } from '../model.js';

/** Functions of the written module, by name: its text has those that it uses. */
const pointwise: Readonly<Partial<Record<Activation, string>>> = {
  tanh: 'Math.tanh',
  sigmoid: 'sigmoid',
  relu: 'relu',
  'hard-sigmoid': '(x) => Math.min(Math.max(0.2 * x + 0.5, 0), 1)',
  'hard-sigmoid-6': '(x) => Math.min(Math.max(x + 3, 0), 6) / 6',
  elu: '(x) => (x < 0 ? Math.expm1(x) : x)',
  // Klambauer et al., 2017
  selu: '(x) => 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * Math.expm1(x) : x)',
  softplus: '(x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))',
  softsign: '(x) => x / (1 + Math.abs(x))',
  swish: '(x) => x * sigmoid(x)',
  gelu: '(x) => 0.5 * x * (1 + erf(x / Math.SQRT2))',
};

const softmax = `(y) => {
  const most = y.reduce((a, b) => Math.max(a, b), -Infinity);
  const e = y.map((v) => Math.exp(v - most));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}`;

/** An activation as a function of a vector; nothing for linear. */
export function activationCode(activation: Activation): string | undefined {
  if (activation === 'linear') return undefined;
  return activation === 'softmax' ? softmax : `(y) => y.map(${pointwise[activation]})`;
}

/** Abramowitz and Stegun (1964), 7.1.26: as tf.js computes it. */
export const erfCode = `const erf = (x) => {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const p = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - p * Math.exp(-x * x));
};`;

/** Two directions as one. */
export const mergeCode: Readonly<Record<Merge, string>> = {
  concat: '(y, z) => Float64Array.of(...y, ...z)',
  sum: '(y, z) => y.map((v, j) => v + z[j])',
  average: '(y, z) => y.map((v, j) => (v + z[j]) / 2)',
  product: '(y, z) => y.map((v, j) => v * z[j])',
};

export const mathsCode = `const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const relu = (x) => (x < 0 ? 0 : x);`;
/** The slope of relu: cells may use it forward too. */
export const aboveCode = 'const above = (x) => (x > 0 ? 1 : x <= 0 ? 0 : x);';

/** Numbers out of the weights, one tensor after the other, in the order in which the layers below ask for them. */
export const numbersCode = `const digits = new Uint8Array(128);
[...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].forEach((c, v) => {
  digits[c.charCodeAt(0)] = v;
});
const decode = (text) => {
  const bytes = new Uint8Array(Math.floor((text.replace(/=+$/, '').length * 3) / 4));
  for (let i = 0, at = 0; at < bytes.length; i += 4) {
    let bits = 0;
    for (let k = 0; k < 4; k++) bits = (bits << 6) | digits[text.charCodeAt(i + k) || 65];
    for (let k = 16; k >= 0; k -= 8) if (at < bytes.length) bytes[at++] = (bits >> k) & 255;
  }
  return new DataView(bytes.buffer);
};
let next = 0;
const take = (size) => (next += size) - size;
const matrix = (rows, inner, read) => ({ inner, values: Float32Array.from({ length: rows * inner }, read) });
const f32 = (rows, inner) => matrix(rows, inner, () => weights.getFloat32(take(4), true));`;

export const readers = {
  F16: `const f16 = (rows, inner) => matrix(rows, inner, () => half(weights.getUint16(take(2), true)));
const half = (h) => {
  const [sign, e, fraction] = [h & 0x8000 ? -1 : 1, (h >> 10) & 31, h & 1023];
  return sign * (e === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (e - 25));
};`,
  I8: `const int8 = (rows, inner) => {
  const scale = f32(1, rows).values;
  return matrix(rows, inner, (_, i) => weights.getInt8(take(1)) * scale[Math.floor(i / inner)]);
};`,
} as const;

/** Layers: \`start\` gives a state, \`step\` goes on by one step, \`all\` reads a whole sequence. */
export const layersCode = `const each = (f) => ({ start: () => null, step: (_, x) => f(x), all: (xs) => xs.map((x) => f(x)) });
// a row of M times v; an id is a vector with a single 1
const dot = (M, r, v) => {
  if (typeof v === 'number') return M.values[r * M.inner + v];
  let sum = 0;
  for (let i = 0; i < M.inner; i++) sum += M.values[r * M.inner + i] * v[i];
  return sum;
};`;

export const embeddingCode = `const embedding = ({ inner, values }) =>
  each((id) => Float64Array.from(values.subarray(id * inner, (id + 1) * inner)));`;

export const denseCode = `const dense = (rows, W, b, f = (y) => y) =>
  each((x) => f(Float64Array.from({ length: rows }, (_, r) => dot(W, r, x) + (b ? b.values[r] : 0))));`;

export const recurrentCode = `// a_g += M_k v for pairs [g, k]
const add = (a, pairs, M, v, H) => {
  for (const [g, k] of pairs) for (let j = 0; j < H; j++) a[g * H + j] += dot(M, k * H + j, v);
};
const advance = ({ cell, W, R, b, w }, H, s, x) => {
  const a = b ? Float64Array.from(b.values) : new Float64Array(cell.gates * H);
  add(a, cell.x, W, x, H);
  add(a, cell.h, R, s, H);
  if (cell.operand) {
    const u = new Float64Array(H);
    cell.operand(a, s, w, u, H);
    add(a, cell.u, R, u, H);
  }
  const n = new Float64Array(s.length);
  cell.forward(a, s, w, n, H);
  return n;
};
const recurrent = (H, last, ways, merge) => {
  const start = ({ cell, s0 }) => (s0 ? Float64Array.from(s0.values) : new Float64Array(cell.states * H));
  const along = (way, xs) => {
    let s = start(way);
    const ys = [];
    for (let n = 0; n < xs.length; n++) {
      const t = way.reverse ? xs.length - 1 - n : n;
      s = advance(way, H, s, xs[t]);
      ys[t] = s.subarray(0, H);
    }
    return last ? [s.subarray(0, H)] : ys;
  };
  return {
    start: () => ({ s: start(ways[0]) }),
    step: (state, x) => (state.s = advance(ways[0], H, state.s, x)).subarray(0, H),
    all(xs) {
      const [ys, zs] = ways.map((way) => along(way, xs));
      return zs ? ys.map((y, t) => merge(y, zs[t])) : ys;
    },
  };
};`;
