import { loadNative, type OverArrays, overArrays } from '@gatewise/engine-native';
import { type RecurRequest, type RecurTensors, recordProgram } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import type { Case } from '../cases.js';
import { type Data, join, type Prepared } from './data.js';
import { ownCells } from './own-cells.js';

// The native engine on typed arrays: its calls, and no tf.js between.

export async function ready(): Promise<string> {
  await tf.setBackend('cpu');
  const found = await loadNative();
  if ('missing' in found) throw found.missing;
  return `native (${found.arch}, ${found.threads} threads)`;
}

export function prepare(one: Case, data: Data): Prepared {
  if (one.measure === 'streaming') return streaming(one, data);
  return one.measure === 'gradients' ? gradients(one, data) : forward(one, data);
}

function requestOf({ cell, B, T, I, H }: Case, record: boolean): RecurRequest {
  return {
    ...{ program: recordProgram(ownCells[cell]), B, T, I, H, ids: false, masked: false, reverse: false },
    ...{ padding: 'zeros', operandDropout: null, zoneout: null, record, probe: false },
    dx: record ? 'surely' : 'never',
  };
}

function tensorsOf({ cell, B, T, I }: Case, data: Data): RecurTensors {
  const { state, vectors = [] } = ownCells[cell];
  const { H, rows } = { H: data.shape('R')[0]!, rows: data.array('vectors') };
  return {
    x: tf.tensor(data.array('x').subarray(0, B * T * I), [B, T, I]),
    W: tf.tensor(data.array('W'), data.shape('W') as [number, number]),
    R: tf.tensor(data.array('R'), data.shape('R') as [number, number]),
    b: tf.tensor1d(data.array('b')),
    vectors: vectors.map((_, k) => tf.tensor1d(rows.slice(k * H, (k + 1) * H))),
    state0: state.map(() => null),
    mask: null,
    operandMask: null,
    holdMasks: null,
  };
}

function forward(one: Case, data: Data): Prepared {
  const call = overArrays(requestOf(one, false), tensorsOf(one, data));
  call.forward();
  return { result: call.outputs[0]!.slice(), run: call.forward };
}

function gradients(one: Case, data: Data): Prepared {
  const call = overArrays(requestOf(one, true), tensorsOf(one, data));
  const cotangents = [
    data.array('dy'),
    ...ownCells[one.cell].state.map(() => new Float32Array(one.B * one.H)),
  ];
  const run = () => call.backward(call.forward()!, cotangents);
  run();
  const [dx, , dW, dR, db] = call.gradients;
  return { result: join([dx!, dW!, dR!, db!]), run };
}

/** Two calls that hand the states to and fro, so that nothing is copied. */
function streaming(one: Case, data: Data): Prepared {
  const { I, H } = one;
  const x = data.array('x');
  const input = new Float32Array(I);
  const [a, b] = [0, 1].map(() => ownCells[one.cell].state.map(() => new Float32Array(H)));
  const y = new Float32Array(H);
  const tensors = tensorsOf(one, data);
  const from = (state: Float32Array[]): RecurTensors => ({
    ...tensors,
    x: tf.tensor(input, [1, 1, I]),
    state0: state.map((s) => tf.tensor(s, [1, H])),
  });
  const request = requestOf(one, false);
  const calls: OverArrays[] = [
    overArrays(request, from(a!), [y, ...b!]),
    overArrays(request, from(b!), [y, ...a!]),
  ];
  let t = 0;
  const run = () => calls[t++ & 1]!.forward();
  const result = join(
    Array.from({ length: x.length / I }, (_, step) => {
      input.set(x.subarray(step * I, (step + 1) * I));
      run();
      return y.slice();
    }),
  );
  return { result, run };
}
