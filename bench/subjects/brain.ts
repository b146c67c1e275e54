import { createRequire } from 'node:module';
import { defineCell, dsigmoid, dtanh } from '@gatewise/core';
import { recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import type { Case } from '../cases.js';
import { npmPeers } from '../peers/places.js';
import type { Data, Prepared } from './data.js';

// brain.js runs one sequence at a time, and its LSTM is a cell of its own: what the forget gate keeps is h, not c.

interface Matrix {
  readonly weights: Float32Array;
}
interface Net {
  initialize(): void;
  bindEquation(): void;
  run(x: readonly Float32Array[]): Float32Array;
  readonly model: {
    readonly hiddenLayers: readonly Record<string, Matrix>[];
    readonly outputConnector: Matrix;
    readonly output: Matrix;
  };
}
interface Brain {
  readonly recurrent: { readonly LSTMTimeStep: new (options: object) => Net };
}

/** c = f ⊗ h' + i ⊗ g,  h = o ⊗ tanh(c) */
const brainLstm = defineCell({
  name: 'brain-lstm',
  state: ['h'],
  gates: ['i', 'f', 'g', 'o'],
  saved: ['i', 'f', 'g', 'o', 'k'],
  forward(a, s) {
    const i = a.i.sigmoid();
    const f = a.f.sigmoid();
    const g = a.g.tanh();
    const o = a.o.sigmoid();
    const k = f.mul(s.h).add(i.mul(g)).tanh();
    return { next: { h: o.mul(k) }, saved: { i, f, g, o, k } };
  },
  backward(d, { i, f, g, o, k }, s) {
    // δc = δh ⊗ o ⊗ (1 − k²)
    const dc = d.h.mul(o).mul(dtanh(k));
    return {
      gates: {
        i: dc.mul(g).mul(dsigmoid(i)),
        f: dc.mul(s.h).mul(dsigmoid(f)),
        g: dc.mul(i).mul(dtanh(g)),
        o: d.h.mul(k).mul(dsigmoid(o)),
      },
      prev: { h: dc.mul(f) },
    };
  },
});

export function ready(): string {
  const require = createRequire(`${npmPeers}/`);
  require('brain.js');
  return `brain.js ${(require('brain.js/package.json') as { version: string }).version}`;
}

/** Gate by gate: brain.js multiplies from the left, so its matrices are ours transposed. */
const names = ['input', 'forget', 'cellActivation', 'output'];

export async function prepare(one: Case, data: Data): Promise<Prepared> {
  const { T, I, H } = one;
  const { LSTMTimeStep } = (createRequire(`${npmPeers}/`)('brain.js') as Brain).recurrent;
  const net = new LSTMTimeStep({ inputSize: I, hiddenLayers: [H], outputSize: H });
  net.initialize();
  net.bindEquation();
  const layer = net.model.hiddenLayers[0]!;
  const [W, R, b] = ['W', 'R', 'b'].map((name) => data.array(name)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  names.forEach((name, gate) => {
    const transposed = (from: Float32Array, to: Matrix, rows: number) => {
      for (let p = 0; p < rows; p++)
        for (let q = 0; q < H; q++) to.weights[q * rows + p] = from[p * 4 * H + gate * H + q]!;
    };
    transposed(W, layer[`${name}Matrix`]!, I);
    transposed(R, layer[`${name}Hidden`]!, H);
    layer[`${name}Bias`]!.weights.set(b.subarray(gate * H, (gate + 1) * H));
  });
  // its output layer cannot be left out: the identity
  const { outputConnector, output } = net.model;
  outputConnector.weights.forEach((_, k, w) => {
    w[k] = k % (H + 1) === 0 ? 1 : 0;
  });
  output.weights.fill(0);
  const x = data.array('x');
  const steps = Array.from({ length: T }, (_, t) => x.slice(t * I, (t + 1) * I));
  const run = () => net.run(steps);
  return { result: null, maxAbsDiff: await difference(run(), one, data), run };
}

/** Its last h beside ours, with its own equations. */
async function difference(h: Float32Array, { T, I }: Case, data: Data): Promise<number> {
  await tf.setBackend('cpu');
  const final = tf.tidy(() => {
    const [W, R, b] = ['W', 'R', 'b'].map((name) => tf.tensor(data.array(name), data.shape(name)));
    const x = tf.tensor(data.array('x'), [1, T, I]);
    return recur(brainLstm, { x, W: W!, R: R!, b: b!, engine: 'ops' }).final.h!;
  });
  const ours = (await final.data()) as Float32Array;
  return ours.reduce((worst, v, k) => Math.max(worst, Math.abs(v - h[k]!)), 0);
}
