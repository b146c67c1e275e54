import { GatewiseError } from '@gatewise/core';
import { RuleOptimizer } from '@gatewise/optimisers';
import type { Json, RunInfo, Trainable } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import type { Ranks } from './ranks.js';
import { firstDifference } from './same-run.js';

/**
 * Refuses ranks that are not of one run: other versions, options, plugins, engines, weights.
 * Errors: `GW_RANKS_MISMATCH` on every rank, before anything is computed.
 */
export async function checkSameRun(ranks: Ranks, model: Trainable, run: RunInfo): Promise<void> {
  const { seed: _, ...options } = run.options;
  const weights = Object.entries(model.weights).map(([name, w]) => `${name} [${w.shape}] ${w.dtype}`);
  const own: Json = JSON.parse(
    JSON.stringify({
      versions: { node: nodeVersion(), tensorflow: tf.version_core, ...ranks.communicator.identity },
      work: ranks.communicator.work,
      options,
      engine: run.engine,
      plugins: run.plugins,
      weights,
    }),
  ) as Json;
  const first = JSON.parse(await ranks.tell(JSON.stringify(own))) as Json;
  const differs = firstDifference(own, first, 'run');
  await ranks.agree(
    differs &&
      new GatewiseError(
        'GW_RANKS_MISMATCH',
        `got ${differs.at.replace('run.', '')} ${differs.a} on rank ${ranks.rank}, wanted ${differs.b} as on rank 0; ` +
          'start every rank with the same program, options and versions',
      ),
  );
}

const nodeVersion = (): string | null =>
  (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node ?? null;

/** Errors: `GW_RANKS_OPTIMIZER` on every rank. */
export function refuseOptimizer(ranks: Ranks, optimizer: tf.Optimizer): void {
  if (RuleOptimizer.is(optimizer)) return;
  throw ranks.mark(
    new GatewiseError(
      'GW_RANKS_OPTIMIZER',
      `got ${optimizer.getClassName()} with local steps, wanted an optimiser of @gatewise/optimisers, whose slots can be averaged`,
    ),
  );
}

/** Every weight as rank 0 has it, those that do not train too. */
export async function shareWeights(ranks: Ranks, weights: Readonly<Record<string, tf.Variable>>) {
  for (const weight of Object.values(weights)) {
    const values = (await weight.data()).slice() as Float32Array | Int32Array | Uint8Array;
    await ranks.communicator.broadcast(values);
    if (ranks.rank > 0) tf.tidy(() => weight.assign(tf.tensor(values, weight.shape, weight.dtype)));
  }
}

/**
 * Refuses weights that are not the same bits on every rank, after a step: a plugin or an option that nobody can compare was not
 * the same. Errors: `GW_RANKS_DIVERGED` on every rank.
 */
export async function checkSameWeights(
  ranks: Ranks,
  weights: Readonly<Record<string, tf.Variable>>,
  step: number,
): Promise<void> {
  const sums: number[] = [];
  for (const weight of Object.values(weights)) sums.push(checksum(await weight.data()));
  const [low, high] = [Float64Array.from(sums), Float64Array.from(sums)];
  await Promise.all([ranks.communicator.allReduce(low, 'min'), ranks.communicator.allReduce(high, 'max')]);
  const odd = low.findIndex((sum, i) => sum !== high[i]);
  if (odd < 0) return;
  throw ranks.mark(
    new GatewiseError(
      'GW_RANKS_DIVERGED',
      `got weight "${Object.keys(weights)[odd]}" with other values on some ranks after step ${step}, wanted the same bits on each; ` +
        'give the plugins of every rank the same options, and nothing that differs by rank, such as a clock',
    ),
  );
}

/** FNV-1a over the bits. */
function checksum(values: Float32Array | Int32Array | Uint8Array): number {
  const bits =
    values.byteLength % 4 === 0
      ? new Uint32Array(values.buffer, values.byteOffset, values.byteLength / 4)
      : values;
  let hash = 0x811c9dc5;
  for (let i = 0; i < bits.length; i++) hash = Math.imul(hash ^ (bits[i] as number), 0x01000193);
  return hash >>> 0;
}
