import { listGradients, makeGradients, mapGradients, supports } from '@gatewise/bytecode';
import type {
  Engine,
  RecurCotangents,
  RecurGradients,
  RecurOutputs,
  RecurRequest,
  RecurTensors,
} from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { Home } from './home.js';
import { addressOf, giveBack, keep, type Reserve } from './reserve.js';
import { Session } from './session.js';

/** The engine; `homeOf` says where the sequences of the current backend run. */
export function wasmEngine(homeOf: (backend: tf.KernelBackend) => Home): Engine {
  const within = <T>(body: (home: Home, session: Session) => T): T => {
    const home = homeOf(tf.backend());
    const session = new Session(home);
    try {
      return body(home, session);
    } finally {
      session.end();
    }
  };
  return {
    name: 'wasm',
    backends: ['cpu', 'wasm', 'tensorflow'],
    priority: 10,
    supports,
    forward: (request, tensors) => within((home, session) => forward(home, session, request, tensors)),
    backward: (request, tensors, outputs, cotangents) =>
      within((home, session) => backward(home, session, request, tensors, outputs, cotangents)),
  };
}

function forward(home: Home, session: Session, request: RecurRequest, tensors: RecurTensors): RecurOutputs {
  const { B, T, H, program, record } = request;
  const { exports } = home;
  session.begin(request, tensors);
  const { call } = session;
  const outputs = [session.output(B, T, H), ...program.state.map(() => session.output(B, H))];
  session.set('outputs', session.list(outputs.map(({ at }) => at)));
  const bytes = exports.historyBytes(call);
  const reserve = record ? keep(home, bytes) : null;
  try {
    session.set('history', reserve ? addressOf(reserve) : session.take(bytes));
    session.set('scratch', session.take(exports.forwardScratch(call)));
    exports.forward(call);
    const [y, ...final] = outputs.map((o) => o.tensor()) as [tf.Tensor, ...tf.Tensor[]];
    return { y, final, reserve: [], notes: reserve };
  } catch (error) {
    if (reserve) giveBack(reserve);
    throw error;
  }
}

function backward(
  home: Home,
  session: Session,
  request: RecurRequest,
  tensors: RecurTensors,
  outputs: RecurOutputs,
  { dy, dfinal }: RecurCotangents,
): RecurGradients {
  const { exports } = home;
  const reserve = outputs.notes as Reserve;
  const history = addressOf(reserve);
  session.begin(request, tensors);
  const { call } = session;
  session.set('history', history);
  const cotangents = [dy, ...dfinal].map((t) => session.input(t, 'floats'));
  session.set('cotangents', session.list(cotangents));
  const gradients = makeGradients(request, (...shape) => session.output(...shape));
  session.set('gradients', session.list(listGradients(gradients).map((o) => o?.at ?? null)));
  session.set('scratch', session.take(exports.backwardScratch(call)));
  exports.backward(call);
  giveBack(reserve);
  return mapGradients(gradients, (o) => o.tensor());
}
