import { type Random, random } from '@gatewise/core';
import { activations, type Dense, type Product } from '@gatewise/kernels';
import { beforeAll, describe, expect, it } from 'vitest';
import { wasmDense } from './dense.js';
import type { Heap, OwnHeap } from './heap.js';
import { type Compiled, compileModule, variantsHere } from './load.js';
import { EdgeHeap, GuardedHeap } from './test-support/guarded-heap.js';

const edges = [0, 1, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 64, 65, 131];
const size = (r: Random) => edges[r.int(edges.length)]!;
const numbers = (r: Random, n: number) => Float32Array.from({ length: n }, () => 2 * r.uniform() - 1);
const nans = (n: number) => new Float32Array(n).fill(Number.NaN);

function randomProduct(r: Random): Product {
  const [m, n, k, batches] = [size(r), size(r), r.int(9) === 0 ? 1500 : size(r), r.int(4)];
  const coin = () => r.int(2) === 1;
  const [repeatA, repeatB] = [r.int(4) === 0, r.int(4) === 0];
  return {
    ...{ batches, m, n, k, transposeA: coin(), transposeB: coin(), repeatA, repeatB },
    a: numbers(r, (repeatA ? 1 : batches) * m * k),
    b: numbers(r, (repeatB ? 1 : batches) * k * n),
    bias: coin() ? numbers(r, n) : null,
    activation: activations[r.int(activations.length)]!,
    c: nans(batches * m * n),
  };
}

const functions = {
  linear: (x: number) => x,
  relu: (x: number) => Math.max(x, 0),
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  elu: (x: number) => (x < 0 ? Math.expm1(x) : x),
};

function wantedAt(p: Product, batch: number, i: number, j: number): number {
  const [a, b] = [p.repeatA ? 0 : batch * p.m * p.k, p.repeatB ? 0 : batch * p.k * p.n];
  let sum = p.bias?.[j] ?? 0;
  for (let k = 0; k < p.k; k++) {
    const left = p.a[a + (p.transposeA ? k * p.m + i : i * p.k + k)]!;
    sum += left * p.b[b + (p.transposeB ? j * p.k + k : k * p.n + j)]!;
  }
  return functions[p.activation](sum);
}

function worstOf(p: Product): number {
  let worst = 0;
  for (let at = 0; at < p.c.length; at++) {
    const [batch, i, j] = [Math.floor(at / (p.m * p.n)), Math.floor(at / p.n) % p.m, at % p.n];
    const off = Math.abs(p.c[at]! - wantedAt(p, batch, i, j));
    worst = Math.max(worst, off);
  }
  return worst;
}

function randomLoss(r: Random) {
  const [rows, classes] = [size(r), 1 + size(r)];
  return {
    ...{
      rows,
      classes,
      logits: numbers(r, rows * classes),
      gradient: r.int(3) ? nans(rows * classes) : null,
    },
    targets: r.int(2) ? Int32Array.from({ length: rows }, () => r.int(classes)) : numbers(r, rows * classes),
    mask: r.int(2) ? Float32Array.from({ length: rows }, () => r.int(2)) : null,
  };
}

/** The loss and its gradient in float64. */
function wantedLoss({ rows, classes, logits, targets, mask }: ReturnType<typeof randomLoss>) {
  const total = Math.max(mask ? mask.reduce((a, b) => a + b, 0) : rows, 1);
  let loss = 0;
  const gradient: number[] = [];
  for (let row = 0; row < rows; row++) {
    const z = [...logits.subarray(row * classes, (row + 1) * classes)];
    const y = z.map((_, c) =>
      targets instanceof Int32Array ? Number(targets[row] === c) : targets[row * classes + c]!,
    );
    const s = z.reduce((sum, v) => sum + Math.exp(v), 0);
    const k = y.reduce((a, b) => a + b, 0);
    const w = (mask?.[row] ?? 1) / total;
    loss += w * (k * Math.log(s) - y.reduce((sum, v, c) => sum + v * z[c]!, 0));
    gradient.push(...z.map((v, c) => w * ((k * Math.exp(v)) / s - y[c]!)));
  }
  return { loss, gradient };
}

describe.each(variantsHere())('%s', (variant) => {
  let compiled: Compiled;
  beforeAll(async () => {
    compiled = await compileModule(variant);
  });
  const over = (heap: Heap & { inner: OwnHeap }): Dense =>
    wasmDense({ exports: compiled.instantiate(heap.inner.memory, (bytes) => heap.inner.keep(bytes)), heap });

  it('multiplies any sizes in memory full of NaN, and writes nothing beyond its blocks', () => {
    const r = random(1);
    const dense = over(new GuardedHeap());
    for (let round = 0; round < 60; round++) {
      const p = randomProduct(r);
      dense.product(p);
      const { a, b, c, bias, ...rest } = p;
      expect(worstOf(p), JSON.stringify(rest)).toBeLessThanOrEqual(3e-6 * Math.sqrt(p.k + 4));
    }
  });

  it('computes losses of any sizes, and their gradients', () => {
    const r = random(2);
    const dense = over(new GuardedHeap());
    for (let round = 0; round < 100; round++) {
      const q = randomLoss(r);
      const { loss, gradient } = wantedLoss(q);
      const tolerance = 1e-5 * (q.rows + 1) * (q.classes + 1);
      expect(Math.abs(dense.crossEntropy(q) - loss)).toBeLessThanOrEqual(tolerance);
      q.gradient?.forEach((g, i) => {
        expect(Math.abs(g - gradient[i]!)).toBeLessThanOrEqual(1e-5 * (q.classes + 1));
      });
    }
  });

  it('applies functions to any number of numbers', () => {
    const r = random(5);
    const dense = over(new GuardedHeap());
    for (const which of activations) {
      for (const n of [0, 1, 2, 3, 5, 1000, 16385]) {
        const [x, out] = [numbers(r, n), nans(n)];
        dense.apply(which, x, out);
        const wanted = [...x].map(functions[which]);
        expect(wanted.findIndex((v, i) => !(Math.abs(v - out[i]!) <= 1e-6))).toBe(-1);
        dense.apply(which, x, x);
        expect(x).toEqual(out);
      }
    }
  });

  it('no read reaches beyond a block, whichever it is', () => {
    const r = random(3);
    for (let round = 0; round < 20; round++) {
      const [p, q] = [randomProduct(r), randomLoss(r)];
      for (let nth = 0, blocks = 1; nth < blocks; nth++) {
        const heap = new EdgeHeap(nth);
        const dense = over(heap);
        dense.product(p);
        dense.crossEntropy(q);
        dense.softmax(q.logits, q.classes, q.logits.slice());
        blocks = heap.taken;
      }
    }
  });

  it('refuses what does not fit', () => {
    const dense = over(new GuardedHeap());
    const p = randomProduct(random(4));
    expect(() => dense.product({ ...p, a: new Float32Array(p.a.length + 1) })).toThrow('got A of');
    expect(() => dense.product({ ...p, m: -1 })).toThrow(
      expect.objectContaining({ code: 'GW_ENGINE_ARGUMENTS' }),
    );
    const f = (n: number) => new Float32Array(n);
    const gather = { table: f(6), ids: Int32Array.of(3), width: 2, values: f(2) };
    expect(() => dense.gatherRows(gather)).toThrow(expect.objectContaining({ code: 'GW_ENGINE_IDS' }));
    expect(() => dense.sumRows(f(7), f(2))).toThrow('got a size of 3.5');
    const spreads = { spreadA: 'full', spreadB: 'row' } as const;
    const combination = { by: 'add', rows: 2, width: 3, a: f(6), b: f(2), out: f(6), ...spreads } as const;
    expect(() => dense.combine(combination)).toThrow('got b of 2 elements, wanted 3');
    const drop = (length: number, rate: number) => () =>
      dense.dropout({ rows: 2, steps: 1, units: 3, key: 1, rate, x: f(6), out: f(length) });
    expect(drop(5, 0.5)).toThrow('got the result of 5 elements, wanted 6');
    for (const rate of [0, 1, Number.NaN]) expect(drop(6, rate)).toThrow('wanted one above 0 and below 1');
  });
});
