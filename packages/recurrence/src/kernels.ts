import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Engine, RecurGradients, RecurOutputs, RecurRequest, RecurTensors } from './engine.js';
import { timesTransposed } from './ops-parts.js';
import type { Run } from './run-slot.js';

export const FORWARD = 'GatewiseRecur';
const BACKWARD = 'GatewiseRecurBackward';

/** What forward leaves for backward: tf.js hands the same object to both. */
export interface Call {
  readonly request: RecurRequest;
  readonly engine: Engine;
  /** Which tensor stands where in the kernel's inputs; −1 is absent. */
  readonly at: Positions;
  readonly report: { readonly to: NonNullable<Run['onStateGradients']>; readonly layer: string } | null;
  notes: unknown;
}

/** tf.js' types know inputs by name and attributes as plain data; the engine itself asks for neither. */
export const runKernel = (name: string, inputs: readonly tf.Tensor[], call: Call): tf.Tensor[] =>
  tf
    .engine()
    .runKernel(
      name,
      inputs as unknown as tf.NamedTensorMap,
      call as unknown as tf.NamedAttrMap,
    ) as tf.Tensor[];

/** Positions of the tensors in the kernel's list of inputs. */
type Positions = { readonly [K in keyof RecurTensors]: number[] } & { readonly probe: number };

/** A list, since tf.js saves the inputs of a kernel by fixed names or all of a list. */
export function pack(tensors: RecurTensors, probe: tf.Tensor | null): { inputs: tf.Tensor[]; at: Positions } {
  const inputs: tf.Tensor[] = [];
  const put = (t: tf.Tensor | null | undefined) => (t ? inputs.push(t) - 1 : -1);
  const { x, W, R, b, vectors, state0, mask, operandMask, holdMasks } = tensors;
  const lists = {
    x: [x],
    W: [W],
    R: [R],
    b: [b],
    vectors,
    state0,
    mask: [mask],
    operandMask: [operandMask],
    holdMasks,
  };
  const at = Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, (list ?? []).map(put)]));
  return { inputs, at: { ...at, probe: put(probe) } as unknown as Positions };
}

function unpack(inputs: readonly tf.Tensor[], at: Positions): RecurTensors {
  const get = (k: number) => (k < 0 ? null : inputs[k]!);
  const one = (list: readonly number[]) => get(list[0]!);
  return {
    x: one(at.x)!,
    W: one(at.W)!,
    R: one(at.R),
    b: one(at.b)!,
    vectors: at.vectors.map((k) => inputs[k]!),
    state0: at.state0.map(get),
    mask: one(at.mask),
    operandMask: one(at.operandMask),
    holdMasks: at.holdMasks.length > 0 ? at.holdMasks.map(get) : null,
  };
}

/** One dispatcher a backend: the engine was chosen with the call. */
export function ensureKernels(backendName: string): void {
  if (tf.getKernel(FORWARD, backendName)) return;
  tf.registerKernel({
    kernelName: FORWARD,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const call = attrs as unknown as Call;
      const tensors = unpack(inputs as unknown as tf.Tensor[], call.at);
      return tf.tidy(() => {
        const { y, final, reserve, notes } = call.engine.forward(call.request, tensors);
        call.notes = notes;
        return [y, ...final, ...reserve];
      });
    },
  });
  tf.registerKernel({
    kernelName: BACKWARD,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const call = attrs as unknown as BackwardCall;
      const list = inputs as unknown as tf.Tensor[];
      return tf.tidy(() => {
        const gradients = runBackward(call, list);
        call.gradients = gradients;
        return everyTensor(gradients);
      });
    },
  });
}

interface BackwardCall extends Call {
  readonly inputCount: number;
  gradients?: RecurGradients;
}

const everyTensor = ({ dx, dA, later, dW, dR, db, dvectors, dstate0, dprobe }: RecurGradients): tf.Tensor[] =>
  [dx, dA, ...(later?.kept ?? []), dW, dR, db, ...dvectors, ...dstate0, dprobe].filter((t) => t !== null);

/** list: the forward inputs, then its outputs, then what arrived at y and the final states. */
function runBackward(call: BackwardCall, list: readonly tf.Tensor[]): RecurGradients {
  const S = call.request.program.state.length;
  const tensors = unpack(list, call.at);
  const outputs = list.slice(call.inputCount, list.length - 1 - S);
  const [dy, ...dfinal] = list.slice(list.length - 1 - S) as [tf.Tensor, ...tf.Tensor[]];
  const given: RecurOutputs = {
    y: outputs[0]!,
    final: outputs.slice(1, 1 + S),
    reserve: outputs.slice(1 + S),
    notes: call.notes,
  };
  return call.engine.backward(call.request, tensors, given, { dy, dfinal });
}

tf.registerGradient({
  kernelName: FORWARD,
  saveAllInputs: true,
  // tf.js asks by position and never for more than there are
  outputsToSave: new Proxy([] as boolean[], { get: () => true }),
  gradFunc: (dys, saved, attrs) => {
    const call = attrs as unknown as Call;
    const S = call.request.program.state.length;
    const inputCount = saved.length - (dys as tf.Tensor[]).length;
    const back: BackwardCall = { ...call, inputCount };
    runKernel(BACKWARD, [...saved, ...(dys as tf.Tensor[]).slice(0, 1 + S)], back);
    const gradients = back.gradients!;
    if (call.report) call.report.to(call.report.layer, gradients.dprobe!, call.request.program.state);
    return gradientThunks(call, gradients, saved);
  },
});

/** By position in the kernel's inputs, as tf.js asks for them. Only dX may be computed late. */
function gradientThunks(
  call: Call,
  g: RecurGradients,
  saved: readonly tf.Tensor[],
): Record<string, () => tf.Tensor> {
  const { at, request } = call;
  const thunks: Record<string, () => tf.Tensor> = {};
  const set = (positions: readonly number[], values: readonly (tf.Tensor | null)[]) => {
    positions.forEach((k, i) => {
      if (k >= 0) thunks[k] = () => values[i]!;
    });
  };
  saved.forEach((_, k) => {
    thunks[k] = () => {
      throw new GatewiseError('GW_GRAD_MASK', 'masks and ids have no gradient; stop it before the op');
    };
  });
  set(at.W, [g.dW]);
  set(at.R, [g.dR]);
  set(at.b, [g.db]);
  set(at.vectors, g.dvectors);
  set(at.state0, g.dstate0);
  set([at.probe], [g.dprobe]);
  if (request.dx === 'surely') set(at.x, [g.dx]);
  if (request.dx === 'perhaps') {
    thunks[at.x[0]!] = () => {
      const W = saved[at.W[0]!]!;
      return g.later ? g.later.dx(W) : lateDx(request, g.dA!, W);
    };
  }
  return thunks;
}

/** dX = δA Wᵀ */
const lateDx = ({ B, T, I }: RecurRequest, dA: tf.Tensor, W: tf.Tensor): tf.Tensor =>
  tf.reshape(timesTransposed(dA as tf.Tensor2D, W as tf.Tensor2D), [B, T, I]);

tf.registerGradient({
  kernelName: BACKWARD,
  gradFunc: () => {
    throw new GatewiseError(
      'GW_GRAD_SECOND_ORDER',
      'a gradient of a recurrent gradient is not defined; detach the first one, or compose the cell of tf.js ops',
    );
  },
});
