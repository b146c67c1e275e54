import { listGradients, makeGradients } from '@gatewise/bytecode';
import type { RecurRequest, RecurTensors } from '@gatewise/recurrence';
import { findAddon, guarded, type Inputs, type Reserve } from './addon.js';
import { argumentsOf } from './arguments.js';

/** The engine's two calls, their arguments and results made beforehand. */
export interface OverArrays {
  readonly outputs: readonly Float32Array[]; // y [B,T,H], then the final states [B,H]
  readonly gradients: readonly (Float32Array | null)[]; // dx dA dW dR db, vectors, states; null where not asked for
  /** Gives what backward needs, when the request records. */
  forward(): Reserve | undefined;
  /** cotangents: dy [B,T,H], then one [B,H] a state */
  backward(reserve: Reserve, cotangents: Inputs): void;
}

/**
 * The engine without tf.js around it, for measuring: inputs are read where the tensors (of the cpu backend) keep them.
 * Errors: `GW_ENGINE_NATIVE` where the addon is not built, `GW_ENGINE_ARGUMENTS`.
 */
export function overArrays(
  request: RecurRequest,
  tensors: RecurTensors,
  given?: readonly Float32Array[],
): OverArrays {
  const addon = findAddon();
  if (addon instanceof Error) throw addon;
  const { B, T, H, program } = request;
  const floats = (...shape: number[]) => new Float32Array(shape.reduce((n, d) => n * d, 1));
  const head = argumentsOf(request, tensors);
  const outputs = given ?? [floats(B, T, H), ...program.state.map(() => floats(B, H))];
  const gradients = request.record ? listGradients(makeGradients(request, floats)) : [];
  return {
    outputs,
    gradients,
    forward: () => guarded(() => addon.forward(...head, outputs)),
    backward: (reserve, cotangents) => guarded(() => addon.backward(...head, reserve, cotangents, gradients)),
  };
}
