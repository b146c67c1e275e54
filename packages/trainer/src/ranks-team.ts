import type { Communicator } from '@gatewise/plugin';
import type { Chosen } from './choose-batches.js';
import { Ranks } from './ranks.js';
import { shardBatches } from './ranks-shard.js';

/** The ranks of one call of `train`, none until they have met. */
export class Team {
  ranks: Ranks | undefined;

  /** The seed of rank 0, whatever others were given. */
  async join(communicator: Communicator, seed: number): Promise<number> {
    if (communicator.size === 1) return seed;
    this.ranks = new Ranks(communicator);
    return Number(await this.ranks.tell(String(seed)));
  }

  /** What this rank computes of the batches. */
  shares({ batches, validation }: Chosen): Pick<Chosen, 'batches' | 'validation'> {
    const { ranks } = this;
    if (!ranks) return { batches, validation };
    return {
      batches: shardBatches(batches, ranks, 'training'),
      validation: validation && shardBatches(validation, ranks, 'validation'),
    };
  }

  /** For a run that failed: where others do not know of it, they end too. */
  end(error: unknown): void {
    if (!this.ranks || this.ranks.isShared(error)) return;
    this.ranks.communicator.abort(error instanceof Error ? error.message : String(error));
  }
}
