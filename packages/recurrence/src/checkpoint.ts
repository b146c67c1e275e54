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
  for (const piece of stretchesOf(request, every)) {
    // the states that each piece but the first starts from
    if (y.length > 0) reserve.push(...(states as tf.Tensor[]));
    const [part, ...final] = tf.tidy(() => {
      const own = pieceOf({ ...request, record: false, probe: false }, tensors, piece, states);
      const out = engine.forward(own.request, own.tensors);
      return [out.y, ...out.final];
    });
    y.push(part!);
    states = final;
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
  const dx: tf.Tensor[] = [];
  const dprobe: tf.Tensor[] = [];
  let d = dfinal;
  let sums: Sums | null = null;
  for (let n = pieces.length - 1; n >= 0; n--) {
    const start = n === 0 ? tensors.state0 : reserve.slice((n - 1) * S, n * S);
    const back = tidied(() => {
      const own = pieceOf(request, tensors, pieces[n]!, start);
      const out = engine.forward(own.request, own.tensors);
      const g = engine.backward(own.request, own.tensors, out, { dy: stepsOf(dy, pieces[n]!), dfinal: d });
      return { ...g, sums: summed(sums ? [sums, g] : [g]) };
    });
    if (sums) tf.dispose(Object.values(sums).flat() as tf.Tensor[]);
    if (n < pieces.length - 1) tf.dispose([...d]);
    sums = back.sums;
    d = back.dstate0;
    if (back.dx) dx.push(back.dx);
    if (back.dprobe) dprobe.push(back.dprobe);
  }
  const steps = (parts: tf.Tensor[]) =>
    parts.length === 0 ? null : joined(request.reverse ? parts : parts.reverse(), 1);
  return { ...sums!, dx: steps(dx), dA: null, dstate0: d, dprobe: steps(dprobe) };
}

type Sums = ReturnType<typeof summed>;
/** tf.tidy of whatever holds tensors; nulls are fine. */
const tidied = <V>(body: () => V): V => tf.tidy(body as unknown as () => tf.TensorContainer) as unknown as V;

/** The request and tensors of a piece; what is drawn by step becomes masks, which know no step. Inside a tidy. */
function pieceOf(request: RecurRequest, tensors: RecurTensors, piece: Piece, state0: States) {
  const { B, H, operandDropout: drop, zoneout: z, program } = request;
  const own = tensorsOf(tensors, piece, state0);
  const drawn = { B, units: H, from: piece.t0, steps: piece.t1 - piece.t0 };
  const operandMask = () => {
    if (drop?.kind !== 'draw') return own.operandMask;
    const { key, rate } = drop;
    if (drop.perStep) return drawnDropout({ ...drawn, key, rate });
    return tf.reshape(drawnDropout({ ...drawn, from: 0, steps: 1, key, rate }), [B, H]);
  };
  const hold = (k: number) => {
    const { key, rates } = z as Extract<typeof z, { kind: 'draw' }>;
    return rates[k] === 0 ? null : drawnHold({ ...drawn, key, rate: rates[k]! }, k);
  };
  const holdMasks = z?.kind === 'draw' ? program.state.map((_, k) => hold(k)) : own.holdMasks;
  return {
    request: explicit(requestOf(request, piece)),
    tensors: { ...own, operandMask: operandMask(), holdMasks },
  };
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
