import { GatewiseError } from '@gatewise/core';
import type { Batch } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import {
  type Batches,
  type BatchFunction,
  type BatchSource,
  checkBatch,
  countBatches,
  disposeBatch,
  openBatches,
} from './batches.js';
import type { Ranks } from './ranks.js';

/** The rows of each batch that are this rank's: all ranks draw the same batches, so the shuffle is one over all. */
export function shardBatches(batches: Batches, ranks: Ranks, what: 'training' | 'validation'): Batches {
  if (ranks.communicator.work.data === 'own') return batches;
  const steps = countBatches(batches);
  const { seek } = batches as { readonly seek?: BatchFunction['seek'] };
  return Object.assign((epoch: number) => shards(openBatches(batches, epoch), epoch, 0, ranks, what), {
    ...(steps !== undefined && { steps }),
    ...(seek && {
      seek: (epoch: number, from: number) =>
        shards(seek.call(batches, epoch, from), epoch, from, ranks, what),
    }),
  });
}

async function* shards(
  source: BatchSource,
  epoch: number,
  from: number,
  ranks: Ranks,
  what: string,
): AsyncGenerator<Batch> {
  const { rank, size } = ranks;
  let at = from;
  for await (const batch of source) {
    const where = `${what} batch ${at} of epoch ${epoch}`;
    checkBatch(batch, where);
    const B = batch.y.shape[0] as number;
    // a validation may leave a rank without rows; in training the first batch says what is usual
    if (what === 'training' && (B < size || (at === 0 && B % size !== 0))) {
      disposeBatch(batch);
      // every rank has the same batch
      throw ranks.mark(notShared(B, size, where));
    }
    const [begin, end] = [Math.floor((rank * B) / size), Math.floor(((rank + 1) * B) / size)];
    const rows = end > begin ? rowsOf(batch, begin, end) : undefined;
    disposeBatch(batch);
    if (rows) yield rows;
    at++;
  }
}

function notShared(B: number, size: number, where: string): GatewiseError {
  const wanted =
    B < size
      ? 'at least a row for each: leave the odd last batch out, or take fewer ranks'
      : `a multiple of ${size}: every rank takes as many rows as the others`;
  return new GatewiseError('GW_RANKS_SHARD', `got ${B} rows for ${size} ranks in ${where}, wanted ${wanted}`);
}

function rowsOf(batch: Batch, begin: number, end: number): Batch {
  const { x, y, lengths, targetLengths, ...rest } = batch;
  const rows = <T extends tf.Tensor>(t: T): T =>
    tf.slice(t, [begin, ...t.shape.slice(1).map(() => 0)], [end - begin, ...t.shape.slice(1)]);
  return {
    ...rest,
    x: Array.isArray(x) ? x.map(rows) : rows(x as tf.Tensor),
    y: rows(y),
    ...(lengths && { lengths: lengths.slice(begin, end) }),
    ...(targetLengths && { targetLengths: targetLengths.slice(begin, end) }),
  };
}
