import * as tf from '@tensorflow/tfjs-core';
import { drawnDropout, drawnHold } from './draws.js';
import type {
  Engine,
  RecurCotangents,
  RecurGradients,
  RecurOutputs,
  RecurRequest,
  RecurTensors,
} from './engine.js';
import { joined, type Piece, requestOf, stepsOf, stretchesOf, summed, tensorsOf } from './pieces.js';

/**
 * An engine that keeps the states of every `every`-th step alone and, in backward, runs the steps between once more: the
 * gates of so many steps are in memory at a time, for the price of a second forward (Chen, Xu, Zhang and Guestrin, 2016).
 * Its gradients are those of the engine, but for the order in which weight gradients are summed.
 */
export function checkpointed(engine: Engine, every: number): Engine {
  return {
    ...engine,
    supports: (request) => engine.supports(explicit(requestOf(request, stretchesOf(request, every)[0]!))),
    forward: (request, tensors) => forward(engine, every, request, tensors),
    backward: (request, tensors, outputs, cotangents) =>
      backward(engine, every, request, tensors, outputs, cotangents),
  };
}

type States = readonly (tf.Tensor | null)[];

function forward(engine: Engine, every: number, request: RecurRequest, tensors: RecurTensors): RecurOutputs {
  const reserve: tf.Tensor[] = [];
  const y: tf.Tensor[] = [];
  let states: States = tensors.state0;
  const { cut, done } = cutter({ ...request, record: false, probe: false }, every, tensors, null);
  try {
    for (const piece of stretchesOf(request, every)) {
      // the states that each piece but the first starts from
      if (y.length > 0) reserve.push(...(states as tf.Tensor[]));
      const [part, ...final] = tf.tidy(() => {
        const own = cut(piece, states);
        const out = engine.forward(own.request, own.tensors);
        return [out.y, ...out.final];
      });
      y.push(part!);
      states = final;
    }
  } finally {
    done();
  }
  const whole = joined(request.reverse ? y.reverse() : y, 1);
  if (y.length > 1) tf.dispose(y);
  return { y: whole, final: states as tf.Tensor[], reserve, notes: null };
}

function backward(
  engine: Engine,
  every: number,
  request: RecurRequest,
  tensors: RecurTensors,
  outputs: RecurOutputs,
  cotangents: RecurCotangents,
): RecurGradients {
  const run = (dx: RecurRequest['dx']) =>
    sweep(engine, every, { ...request, dx }, tensors, outputs.reserve, cotangents);
  if (request.dx !== 'perhaps') return run(request.dx);
  // seldom asked for: then the sweep runs again for it, since δA of all steps is what was to be saved
  return { ...run('never'), later: { kept: [], dx: () => run('surely').dx! } };
}

/** Each piece, the last first: forward once more, then backward. */
function sweep(
  engine: Engine,
  every: number,
  request: RecurRequest,
  tensors: RecurTensors,
  reserve: readonly tf.Tensor[],
  { dy, dfinal }: RecurCotangents,
): RecurGradients {
  const S = request.program.state.length;
  const pieces = stretchesOf(request, every);
  const { cut, done } = cutter(request, every, tensors, dy);
  const dx: tf.Tensor[] = [];
  const dprobe: tf.Tensor[] = [];
  let d = dfinal;
  let sums: Sums | null = null;
  const back = (n: number) => {
    const own = cut(pieces[n]!, n === 0 ? tensors.state0 : reserve.slice((n - 1) * S, n * S));
    const out = engine.forward(own.request, own.tensors);
    const g = engine.backward(own.request, own.tensors, out, { dy: own.dy!, dfinal: d });
    return { ...g, sums: summed(sums ? [sums, g] : [g]) };
  };
  try {
    for (let n = pieces.length - 1; n >= 0; n--) {
      const g = tidied(() => back(n));
      if (sums) tf.dispose(Object.values(sums).flat() as tf.Tensor[]);
      if (d !== dfinal) tf.dispose([...d]);
      sums = g.sums;
      d = g.dstate0;
      if (g.dx) dx.push(g.dx);
      if (g.dprobe) dprobe.push(g.dprobe);
    }
  } finally {
    done();
  }
  const steps = (parts: tf.Tensor[]) =>
    parts.length === 0 ? null : joined(request.reverse ? parts : parts.reverse(), 1);
  return { ...sums!, dx: steps(dx), dA: null, dstate0: d, dprobe: steps(dprobe) };
}

type Sums = ReturnType<typeof summed>;
/** tf.tidy of whatever holds tensors; nulls are fine. */
const tidied = <V>(body: () => V): V => tf.tidy(body as unknown as () => tf.TensorContainer) as unknown as V;

/**
 * Cuts requests, tensors and δy for pieces; on tf.js' wasm backend, which copies a whole tensor for every piece that it cuts,
 * out of longer stretches, of √n pieces. To be called inside a tidy; `done` lets go of the last stretch.
 */
function cutter(request: RecurRequest, every: number, tensors: RecurTensors, dy: tf.Tensor | null) {
  const long = tf.getBackend() === 'wasm' ? every * Math.ceil(Math.sqrt(request.T / every)) : request.T;
  let held: { from: number; tensors: RecurTensors; dy: tf.Tensor | null } | null = null;
  const done = () => {
    if (held) tf.dispose(cutOnes(held));
    held = null;
  };
  const stretchAt = (piece: Piece) => {
    if (long === request.T) return { from: 0, tensors, dy };
    const from = Math.floor(piece.t0 / long) * long;
    if (held?.from === from) return held;
    done();
    const whole = { ...piece, t0: from, t1: Math.min(request.T, from + long) };
    held = { from, tensors: tensorsOf(tensors, whole, []), dy: dy && stepsOf(dy, whole) };
    for (const t of cutOnes(held)) tf.keep(t);
    return held;
  };
  const cut = (piece: Piece, state0: States) => {
    const stretch = stretchAt(piece);
    const own = { ...piece, t0: piece.t0 - stretch.from, t1: piece.t1 - stretch.from };
    return {
      request: explicit(requestOf(request, piece)),
      tensors: withDraws(request, tensorsOf(stretch.tensors, own, state0), piece),
      dy: stretch.dy && stepsOf(stretch.dy, own),
    };
  };
  return { cut, done };
}

/** Those of a stretch's tensors that are not the whole sequence's own. */
const cutOnes = ({ tensors: t, dy }: { tensors: RecurTensors; dy: tf.Tensor | null }): tf.Tensor[] =>
  [t.x, t.mask, t.operandMask, ...(t.holdMasks ?? []), dy].filter((one) => one !== null);

/** What is drawn by step as masks, which know no step. */
function withDraws(request: RecurRequest, tensors: RecurTensors, { t0, t1 }: Piece): RecurTensors {
  const { B, H, operandDropout: drop, zoneout: z, program } = request;
  const drawn = { B, units: H, from: t0, steps: t1 - t0 };
  const operandMask = () => {
    if (drop?.kind !== 'draw') return tensors.operandMask;
    const { key, rate } = drop;
    if (drop.perStep) return drawnDropout({ ...drawn, key, rate });
    return tf.reshape(drawnDropout({ ...drawn, from: 0, steps: 1, key, rate }), [B, H]);
  };
  const hold = (k: number) => {
    const { key, rates } = z as Extract<typeof z, { kind: 'draw' }>;
    return rates[k] === 0 ? null : drawnHold({ ...drawn, key, rate: rates[k]! }, k);
  };
  const holdMasks = z?.kind === 'draw' ? program.state.map((_, k) => hold(k)) : tensors.holdMasks;
  return { ...tensors, operandMask: operandMask(), holdMasks };
}

/** The same with masks in place of draws. */
function explicit(request: RecurRequest): RecurRequest {
  const { operandDropout: drop, zoneout: z } = request;
  return {
    ...request,
    operandDropout: drop && { kind: 'mask', perStep: drop.perStep },
    zoneout: z?.kind === 'draw' ? { kind: 'mask' } : z,
  };
}
