import {
  joined,
  type Piece,
  type RecurCotangents,
  type RecurGradients,
  type RecurOutputs,
  type RecurRequest,
  type RecurTensors,
  requestOf,
  rowsOf,
  starts,
  stepsOf,
  summed,
  tensorsOf,
} from '@gatewise/recurrence';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { backward } from './backward.js';
import type { forward, Notes } from './forward.js';
import type { Limits } from './limits.js';

/** Pieces that fit a texture: strips of the batch, each a list in the order of the recurrence. */
function piecesOf({ B, T, reverse }: RecurRequest, rows: number): Piece[][] {
  const wide = Math.min(B, 4 * rows);
  const long = Math.max(1, Math.floor(rows / Math.ceil(wide / 4)));
  return starts(B, wide).map((b0) => {
    const b1 = Math.min(B, b0 + wide);
    const list = starts(T, long).map((t0) => ({ b0, b1, t0, t1: Math.min(T, t0 + long) }));
    return reverse ? list.reverse() : list;
  });
}
const isWhole = (pieces: readonly (readonly Piece[])[]) => pieces.length === 1 && pieces[0]!.length === 1;
const whole = { t0: 0, b0: 0 };

/** By strip and piece: how much of the reserve it has, and what it is. */
type CutNotes = { readonly size: number; readonly notes: Notes; readonly state0: boolean }[][];

/** Sequences and batches larger than a texture, piece by piece: the states go from one to the next. */
export function cutForward(
  request: RecurRequest,
  tensors: RecurTensors,
  device: Limits,
  run: typeof forward,
): RecurOutputs {
  const strips = piecesOf(request, device.rows);
  if (isWhole(strips)) return run(request, tensors, device, whole);
  const reserve: Tensor[] = [];
  const results = strips.map((pieces) => {
    let states = tensors.state0.map((s) => s && rowsOf(s, pieces[0]!));
    const outputs = pieces.map((piece, at) => {
      const state0 = states;
      const out = run(requestOf(request, piece), tensorsOf(tensors, piece, state0), device, piece);
      states = [...out.final];
      const between = at > 0 && request.record ? (state0 as Tensor[]) : [];
      reserve.push(...out.reserve, ...between);
      return { y: out.y, note: { size: out.reserve.length, notes: out.notes, state0: at > 0 } };
    });
    const inTime = request.reverse ? [...outputs].reverse() : outputs;
    return {
      y: joined(
        inTime.map(({ y }) => y),
        1,
      ),
      final: states as Tensor[],
      notes: outputs.map(({ note }) => note),
    };
  });
  return {
    y: joined(
      results.map(({ y }) => y),
      0,
    ),
    final: request.program.state.map((_, k) =>
      joined(
        results.map(({ final }) => final[k]!),
        0,
      ),
    ),
    reserve,
    notes: results.map(({ notes }) => notes) satisfies CutNotes,
  };
}

export function cutBackward(
  request: RecurRequest,
  tensors: RecurTensors,
  outputs: RecurOutputs,
  { dy, dfinal }: RecurCotangents,
  device: Limits,
  run: typeof backward,
): RecurGradients {
  const strips = piecesOf(request, device.rows);
  if (isWhole(strips)) return run(request, tensors, outputs, { dy, dfinal }, device, whole);
  const S = request.program.state.length;
  let at = 0;
  const take = (n: number) => {
    at += n;
    return outputs.reserve.slice(at - n, at);
  };
  const results = strips.map((pieces, strip) => {
    const kept = pieces.map((_, k) => {
      const { size, notes, state0 } = (outputs.notes as CutNotes)[strip]![k]!;
      return { reserve: take(size), notes, state0: state0 ? take(S) : null };
    });
    let d = dfinal.map((s) => rowsOf(s, pieces[0]!));
    const back = pieces.map((piece, k) => ({ piece, ...kept[k]! })).reverse();
    const list = back.map(({ piece, reserve, notes, state0 }) => {
      const own = state0 ?? tensors.state0.map((s) => s && rowsOf(s, piece));
      const g = run(
        requestOf(request, piece),
        tensorsOf(tensors, piece, own),
        { y: outputs.y, final: outputs.final, reserve, notes },
        { dy: stepsOf(dy, piece), dfinal: d },
        device,
        piece,
      );
      d = [...g.dstate0];
      return g;
    });
    return { inTime: request.reverse ? list : list.reverse(), dstate0: d };
  });
  return gather(request, results);
}

interface Strip {
  readonly inTime: readonly RecurGradients[];
  readonly dstate0: readonly Tensor[];
}

/** Gradients of steps side by side, of weights summed. */
function gather({ program: p }: RecurRequest, strips: readonly Strip[]): RecurGradients {
  const all = strips.flatMap(({ inTime }) => inTime);
  const steps = (of: (g: RecurGradients) => Tensor | null) =>
    all.some((g) => of(g) === null)
      ? null
      : joined(
          strips.map(({ inTime }) =>
            joined(
              inTime.map((g) => of(g)!),
              1,
            ),
          ),
          0,
        );
  return {
    dx: steps((g) => g.dx),
    dA: null,
    ...(all[0]!.later && {
      later: {
        kept: all.flatMap(({ later }) => later!.kept),
        dx: (W: Tensor) => steps(({ later }) => later!.dx(W))!,
      },
    }),
    ...summed(all),
    dstate0: p.state.map((_, k) =>
      joined(
        strips.map(({ dstate0 }) => dstate0[k]!),
        0,
      ),
    ),
    dprobe: steps((g) => g.dprobe),
  };
}
