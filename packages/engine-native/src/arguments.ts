import type { RecurRequest, RecurTensors } from '@gatewise/recurrence';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Head, Inputs } from './addon.js';
import { compile } from './compile.js';

/** A tensor's values: on the cpu backend its own array, on tensorflow a copy. */
export const floats = (t: Tensor): Float32Array => t.dataSync<'float32'>() as Float32Array;

/** Truth as bytes: bool tensors are bytes already. */
function truth(t: Tensor): Uint8Array {
  const values = t.dataSync() as Uint8Array | Int32Array | Float32Array;
  return values instanceof Uint8Array ? values : Uint8Array.from(values, (v) => (v === 0 ? 0 : 1));
}

const DROP = { draw: 1, mask: 2 };
const ZONE = { draw: 1, expect: 2, mask: 3 };

/** What forward and backward both take, in the order of native/arguments.cc. */
export function headOf(request: RecurRequest, tensors: RecurTensors): Head {
  const { program, zoneout: z, operandDropout: d } = request;
  const { words, constants } = compile(program, { record: request.record, zoneout: z !== null });
  const rates = new Float64Array(1 + program.state.length);
  if (d?.kind === 'draw') rates[0] = d.rate;
  if (z && z.kind !== 'mask') rates.set(z.rates, 1);
  return [words, constants, shapeOf(request), rates, inputsOf(request, tensors)];
}

function shapeOf(request: RecurRequest): Int32Array {
  const { B, T, I, H, operandDropout: d, zoneout: z } = request;
  const key = (of: { readonly key?: number } | null) => of?.key ?? 0;
  return Int32Array.of(
    B,
    T,
    I,
    H,
    Number(request.ids),
    Number(request.reverse),
    Number(request.padding === 'hold'),
    Number(request.record),
    Number(request.probe),
    d ? DROP[d.kind] : 0,
    Number(d?.perStep ?? false),
    key(d as { key?: number } | null),
    z ? ZONE[z.kind] : 0,
    key(z as { key?: number } | null),
  );
}

function inputsOf(request: RecurRequest, tensors: RecurTensors): Inputs {
  const { state } = request.program;
  const { x, W, R, b, mask, operandMask, vectors, state0, holdMasks } = tensors;
  return [
    request.ids ? (x.dataSync<'int32'>() as Int32Array) : floats(x),
    floats(W),
    R && floats(R),
    floats(b),
    mask && truth(mask),
    operandMask && floats(operandMask),
    ...vectors.map(floats),
    ...state0.map((t) => t && floats(t)),
    ...state.map((_, k) => {
      const held = holdMasks?.[k];
      return held ? truth(held) : null;
    }),
  ];
}
