import type { Json, RunInfo } from '@gatewise/plugin';
import type { Optimizer } from '@tensorflow/tfjs-core';
import { type Batches, countBatches } from './batches.js';
import { currentEngine } from './same-run.js';
import type { TrainOptions } from './train-options.js';

/** What `Tokens.RunInfo` gives. */
export function runInfo(batches: Batches, options: TrainOptions, plugins: readonly string[]): RunInfo {
  const { optimizer, plugins: _, container: __, signal: ___, validation, loss, metrics, ...data } = options;
  const described = {
    ...data,
    ...(loss !== undefined && { loss: typeof loss === 'string' ? loss : nameOf(loss) }),
    ...(metrics && { metrics: metrics.map((one) => (typeof one === 'string' ? one : one.name)) }),
    optimizer: describeOptimizer(optimizer),
    batches: describeBatches(batches),
    ...(validation && { validation: describeBatches(validation) }),
  };
  return { options: toJson(described), engine: currentEngine(), plugins };
}

const nameOf = (f: { readonly name: string }) => (f.name === '' ? 'a function' : `the function ${f.name}`);

function describeBatches(batches: Batches): { batchesPerEpoch: number } | string {
  const batchesPerEpoch = countBatches(batches);
  return batchesPerEpoch === undefined ? 'of unknown number' : { batchesPerEpoch };
}

function describeOptimizer(optimizer: Optimizer): object {
  const { learningRate } = optimizer as { learningRate?: unknown };
  return {
    name: optimizer.getClassName(),
    ...(typeof learningRate === 'number' && { learningRate }),
    ...optimizer.getConfig(),
  };
}

/** Without what JSON has not; NaN and infinities as texts. */
function toJson(value: object): { [name: string]: Json } {
  return JSON.parse(
    JSON.stringify(value, (_, one) => (typeof one === 'number' && !Number.isFinite(one) ? String(one) : one)),
  );
}
