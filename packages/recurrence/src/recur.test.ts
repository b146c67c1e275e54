import * as tf from '@tensorflow/tfjs';
import { additive, gru, gruResetAfter, lstm, lstmOriginal, vanilla } from '@gatewise/cells';
import { describe, expect, it } from 'vitest';
import { recur, TensorValue } from './index.js';

await tf.setBackend('cpu');
describe.each([vanilla, additive, lstmOriginal, lstm, gru, gruResetAfter])('recur $name', (cell: any) => {
  it('equals autodiff', () => {
    const B = 3, T = 5, I = 4, H = 6;
    const G = cell.gates.length, Gi = (cell.input ?? cell.gates).length, Gr = (cell.recurrent ?? cell.gates).length;
    const r = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.5, 'float32', seed);
    const x = tf.variable(r([B, T, I], 1)), W = tf.variable(r([I, Gi * H], 2)), R = tf.variable(r([H, Gr * H], 3)), b = tf.variable(r([G * H], 4));
    const s0 = cell.state.map((_: string, i: number) => tf.variable(r([B, H], 5 + i)));
    const w = r([B, T, H], 9);
    const f = () => {
      const { y, final } = recur(cell, { x, W, R, b, state0: Object.fromEntries(cell.state.map((n: string, i: number) => [n, s0[i]])) });
      return tf.add(tf.sum(tf.mul(y, w)), tf.addN(Object.values(final).map((v) => tf.sum(tf.square(v))))) as tf.Scalar;
    };
    const cutAll = (m: tf.Tensor, names: string[]) => names.length === 1 ? { [names[0]!]: m } : Object.fromEntries(tf.split(m, names.length, 1).map((v, i) => [names[i]!, v]));
    const plain = () => {
      let s = Object.fromEntries(cell.state.map((n: string, i: number) => [n, new TensorValue(s0[i])])) as any;
      const ys: tf.Tensor[] = [];
      const Rs = cutAll(R, cell.recurrent ?? cell.gates), Ws = cutAll(W, cell.input ?? cell.gates), bs = cutAll(tf.reshape(b, [1, -1]), cell.gates);
      for (let t = 0; t < T; t++) {
        const xt = tf.reshape(tf.slice(x, [0, t, 0], [B, 1, I]), [B, I]);
        const a: any = {};
        const pre = (g: string, h: tf.Tensor) => {
          let v: tf.Tensor = tf.add(bs[g]!, tf.zeros([B, H]));
          if (Ws[g]) v = tf.add(v, tf.matMul(xt as any, Ws[g] as any));
          if (Rs[g]) v = tf.add(v, tf.matMul(h as any, Rs[g] as any));
          a[g] = new TensorValue(v);
        };
        const feeds = cell.operand?.feeds ?? [];
        for (const g of cell.gates) if (!feeds.includes(g)) pre(g, s.h.t);
        if (cell.operand) { const u = cell.operand.forward(a, s); for (const g of feeds) pre(g, u.t); }
        s = cell.forward(a, s, {}).next;
        ys.push(s.h.t);
      }
      return tf.add(tf.sum(tf.mul(tf.stack(ys, 1), w)), tf.addN(cell.state.map((n: string) => tf.sum(tf.square(s[n].t))))) as tf.Scalar;
    };
    const before = tf.memory().numTensors;
    const vars = [x, W, R, b, ...s0];
    const one = tf.variableGrads(f, vars), two = tf.variableGrads(plain, vars);
    const worst = vars.map((v) => tf.tidy(() => tf.max(tf.abs(tf.sub(one.grads[v.name]!, two.grads[v.name]!))).dataSync()[0]!));
    expect(one.value.dataSync()[0]).toBeCloseTo(two.value.dataSync()[0]!, 4);
    tf.dispose([one as any, two as any]);
    expect(tf.memory().numTensors).toBe(before);
    console.log(cell.name, worst);
    for (const e of worst) expect(e).toBeLessThan(2e-5);
  });
});
