import * as tf from '@tensorflow/tfjs-core';
import { arithmetic } from './arithmetic.js';
import { startReuse, stopReuse } from './array-pool.js';
import type { AddedKernel, Call, KernelFunction, OwnKernel } from './call.js';
import { elementWiseKernels } from './element-wise.js';
import { clipByGlobalNorm, globalNorm } from './global-norm.js';
import { batchMatMul, fusedMatMul } from './products.js';
import { gather, segmentSum, softmax, sum, transpose } from './rows.js';
import { slice, splitV } from './slices.js';

const own: readonly OwnKernel[] = [
  ...[batchMatMul, fusedMatMul, gather, segmentSum, slice, softmax, splitV, sum, transpose],
  ...elementWiseKernels,
];
const added: readonly AddedKernel[] = [globalNorm, clipByGlobalNorm];

/** tf.js' kernels that ours stand before, by name. */
const replaced = new Map<string, tf.KernelConfig>();
const BACKEND = 'cpu';

/**
 * Puts our kernels before tf.js' own on the `cpu` backend; calls that they do not take, by dtype or shape, go to tf.js'.
 * Results are the same to about 1e-5. Without an arithmetic nothing changes. `useBackend('cpu')` calls this.
 *
 * @returns the name of the arithmetic, or null
 * @example installKernels(); // 'native'
 */
export function installKernels(): string | null {
  const name = arithmetic()?.name ?? null;
  if (name === null) return null;
  for (const kernel of own) {
    const theirs = tf.getKernel(kernel.name, BACKEND);
    if (!theirs || replaced.has(kernel.name)) continue;
    replaced.set(kernel.name, theirs);
    put({ ...theirs, kernelFunc: before(kernel, theirs.kernelFunc) });
  }
  for (const kernel of added) ensureKernel(kernel);
  startReuse();
  return name;
}

/** Puts tf.js' own kernels back. */
export function removeKernels(): void {
  stopReuse();
  for (const config of replaced.values()) put(config);
  replaced.clear();
  for (const { name } of added) if (tf.getKernel(name, BACKEND)) tf.unregisterKernel(name, BACKEND);
}

/** Our kernels are in place, with an arithmetic behind them. */
export const kernelsInstalled = (): boolean => replaced.size > 0 && arithmetic() !== null;

function put(config: tf.KernelConfig): void {
  tf.unregisterKernel(config.kernelName, BACKEND);
  tf.registerKernel(config);
}

/** Puts a kernel there that tf.js has not. */
export function ensureKernel({ name, run }: AddedKernel): void {
  if (tf.getKernel(name, BACKEND)) return;
  const kernelFunc: KernelFunction = (call) => run({ ...call, arithmetic: arithmetic() } as unknown as Call);
  tf.registerKernel({ kernelName: name, backendName: BACKEND, kernelFunc });
}

function before(kernel: OwnKernel, theirs: KernelFunction): KernelFunction {
  return (call) => {
    const now = arithmetic();
    return (now && kernel.run({ ...call, arithmetic: now } as unknown as Call)) ?? theirs(call);
  };
}
