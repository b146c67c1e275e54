import type { AnyCell, Random } from '@gatewise/core';
import {
  type RecurCotangents,
  type RecurRequest,
  type RecurTensors,
  recordProgram,
} from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';

/** A request with its tensors, as an engine gets them. */
export interface EngineCall {
  readonly request: RecurRequest;
  readonly tensors: RecurTensors;
  readonly cotangents: RecurCotangents;
}

type Sizes = Pick<RecurRequest, 'B' | 'T' | 'I' | 'H'>;

const SIZES = [1, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 33];

function randomSizes(r: Random): Sizes {
  const size = () => SIZES[r.int(SIZES.length)]!;
  const chance = (percent: number) => r.int(100) < percent;
  return {
    B: size(),
    T: 1 + r.int(6),
    I: chance(5) ? 0 : size(),
    H: chance(3) ? 513 + r.int(9) : chance(20) ? 40 + r.int(30) : size(),
  };
}

/** Random options of every kind at these sizes. */
export function randomCall(r: Random, cell: AnyCell, sizes: Sizes = randomSizes(r)): EngineCall {
  const program = recordProgram(cell);
  const { B, T, I, H } = sizes;
  const [S, w, rec] = [program.state.length, program.input.length, program.recurrent.length];
  const chance = (percent: number) => r.int(100) < percent;
  const floats = (...shape: number[]) => filled(shape, () => r.normal() * 0.5);
  const flags = (...shape: number[]) =>
    tf.tensor(
      Uint8Array.from({ length: count(shape) }, () => r.int(2)),
      shape,
      'bool',
    );
  const ids = I > 0 && chance(20);
  const mask = chance(40) ? flags(B, T) : null;
  const record = chance(85);
  const zone = r.int(8);
  const drop = r.int(8);
  const perStep = chance(50);
  const rates = program.state.map(() => (chance(30) ? 0 : 0.25));
  const key = r.int(2 ** 31);
  const request: RecurRequest = {
    program,
    ...sizes,
    ids,
    masked: mask !== null,
    reverse: chance(30),
    padding: chance(40) ? 'hold' : 'zeros',
    operandDropout:
      drop === 0 ? { kind: 'draw', key, rate: 0.3, perStep } : drop === 1 ? { kind: 'mask', perStep } : null,
    zoneout:
      zone === 0
        ? { kind: 'draw', key, rates }
        : zone === 1
          ? { kind: 'expect', rates }
          : zone === 2
            ? { kind: 'mask' }
            : null,
    record,
    dx: ids ? 'never' : (['never', 'surely', 'perhaps'] as const)[r.int(3)]!,
    probe: record && chance(20),
  };
  const tensors: RecurTensors = {
    x: ids ? idsUnder(r, mask, sizes) : floats(B, T, I),
    W: floats(I, w * H),
    R: rec > 0 ? tf.mul(floats(H, rec * H), 1 / Math.sqrt(H)) : null,
    b: floats(program.gates.length * H),
    vectors: program.vectors.map(() => floats(H)),
    state0: program.state.map(() => (chance(50) ? floats(B, H) : null)),
    // both kinds of truth
    mask: mask && (chance(50) ? tf.cast(mask, 'int32') : mask),
    operandMask: drop === 1 ? (perStep ? floats(B, T, H) : floats(B, H)) : null,
    holdMasks: zone === 2 ? program.state.map(() => (chance(70) ? flags(B, T, H) : null)) : null,
  };
  const dfinal = Array.from({ length: S }, () => floats(B, H));
  return { request, tensors, cotangents: { dy: floats(B, T, H), dfinal } };
}

const count = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1);
const filled = (shape: number[], value: () => number) =>
  tf.tensor(Float32Array.from({ length: count(shape) }, value), shape, 'float32');

/** Ids; where the mask is off, numbers that are none. */
function idsUnder(r: Random, mask: tf.Tensor | null, { B, T, I }: Sizes): tf.Tensor {
  const real = mask?.dataSync();
  const values = Int32Array.from({ length: B * T }, (_, k) => (real && !real[k] ? -7 : r.int(I)));
  return tf.tensor2d(values, [B, T], 'int32');
}
