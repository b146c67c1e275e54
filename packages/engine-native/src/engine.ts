import type {
  Engine,
  RecurCotangents,
  RecurGradients,
  RecurOutputs,
  RecurRequest,
  RecurTensors,
} from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { type Addon, guarded, type Reserve } from './addon.js';
import { floats, headOf } from './arguments.js';
import { compile } from './compile.js';

/** An output: its array, and the tensor over it once it is filled. */
interface Output {
  readonly values: Float32Array;
  tensor(): tf.Tensor;
}
function output(...shape: number[]): Output {
  const values = unfilled(shape.reduce((n, d) => n * d, 1));
  return { values, tensor: () => tf.tensor(values, shape, 'float32') };
}

/** Not zeroed: the addon writes every element, and zeros would cost a good part of its own time. */
function unfilled(length: number): Float32Array {
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(length * Float32Array.BYTES_PER_ELEMENT);
  return new Float32Array(buffer, byteOffset, length);
}

/** The engine over a loaded addon. */
export function nativeEngine(addon: Addon): Engine {
  return {
    name: 'native',
    backends: ['cpu', 'tensorflow', 'wasm'],
    priority: 20,
    supports,
    forward: (request, tensors) => forward(addon, request, tensors),
    backward: (request, tensors, outputs, cotangents) =>
      backward(addon, request, tensors, outputs, cotangents),
  };
}

/** The limits of native/call.h. */
const MOST = { state: 16, gates: 32, vectors: 32, saved: 64, constants: 64 } as const;

function supports(request: RecurRequest): true | string {
  const { program } = request;
  for (const [what, most] of Object.entries(MOST)) {
    const count = program[what as keyof typeof MOST].length;
    if (count > most) return `it has ${count} ${what}, this engine takes ${most}`;
  }
  const { words } = compile(program, { record: true, zoneout: true });
  const [registers, exports] = [words[3]!, words[5]!];
  return registers <= 64 && exports <= 64 ? true : 'its functions need more than 64 intermediate values';
}

function forward(addon: Addon, request: RecurRequest, tensors: RecurTensors): RecurOutputs {
  const { B, T, H, program } = request;
  const y = output(B, T, H);
  const final = program.state.map(() => output(B, H));
  const arrays = [y, ...final].map(({ values }) => values);
  const notes = guarded(() => addon.forward(...headOf(request, tensors), arrays));
  return { y: y.tensor(), final: final.map((f) => f.tensor()), reserve: [], notes };
}

/** The gradients' arrays; what is not asked for is null. */
function gradientOutputs({ program: p, B, T, I, H, dx, probe }: RecurRequest) {
  const r = p.recurrent.length * H;
  return {
    dx: dx === 'surely' ? output(B, T, I) : null,
    dA: dx === 'perhaps' ? output(B * T, p.input.length * H) : null,
    dW: output(I, p.input.length * H),
    dR: r > 0 ? output(H, r) : null,
    db: output(p.gates.length * H),
    dvectors: p.vectors.map(() => output(H)),
    dstate0: p.state.map(() => output(B, H)),
    dprobe: probe ? output(B, T, p.state.length * H) : null,
  };
}

function backward(
  addon: Addon,
  request: RecurRequest,
  tensors: RecurTensors,
  outputs: RecurOutputs,
  { dy, dfinal }: RecurCotangents,
): RecurGradients {
  const g = gradientOutputs(request);
  const list = [g.dx, g.dA, g.dW, g.dR, g.db, ...g.dvectors, ...g.dstate0, g.dprobe];
  const arrays = list.map((o) => o?.values ?? null);
  const cotangents = [dy, ...dfinal].map(floats);
  guarded(() => addon.backward(...headOf(request, tensors), outputs.notes as Reserve, cotangents, arrays));
  return {
    dx: g.dx?.tensor() ?? null,
    dA: g.dA?.tensor() ?? null,
    dW: g.dW.tensor(),
    dR: g.dR?.tensor() ?? null,
    db: g.db.tensor(),
    dvectors: g.dvectors.map((o) => o.tensor()),
    dstate0: g.dstate0.map((o) => o.tensor()),
    dprobe: g.dprobe?.tensor() ?? null,
  };
}
