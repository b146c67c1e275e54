import { random } from '@gatewise/core';
import type { RunInfo, RunSnapshot } from '@gatewise/plugin';
import type { Progress } from './contexts.js';
import type { Means } from './logs.js';
import type { Ranks } from './ranks.js';
import { averageWeights, reduceMeans } from './ranks-average.js';
import { shareSnapshot } from './ranks-snapshot.js';
import { checkSameRun, checkSameWeights, refuseOptimizer, shareWeights } from './ranks-start.js';
import { StepReduction } from './ranks-step.js';
import type { Learner } from './step.js';

/** What the loop does where it is one of several ranks: each method at the same place on all of them. */
export class RunOfRanks {
  readonly #ranks: Ranks;
  readonly #learner: Learner;
  readonly #progress: Progress;
  readonly #reduction: StepReduction;
  /** The step after which the weights were the same on every rank. */
  #together = 0;
  #checked = false;

  constructor(ranks: Ranks, learner: Learner, progress: Progress) {
    this.#ranks = ranks;
    this.#learner = learner;
    this.#progress = progress;
    this.#reduction = new StepReduction(ranks, learner.metrics);
  }

  /** The learner that reduces its gradients, or draws numbers of its own. */
  learner(seed: number): Learner {
    const { rank, localSteps } = this.#ranks;
    return {
      ...this.#learner,
      ...(rank > 0 && { seed: random(seed).fork(`rank:${rank}`).state().key }),
      ...(localSteps === 1 && { reduction: this.#reduction }),
    };
  }

  /** Errors: `GW_RANKS_MISMATCH`, `GW_RANKS_OPTIMIZER`. */
  async begin(info: RunInfo): Promise<void> {
    await checkSameRun(this.#ranks, this.#learner.model, info);
    if (this.#ranks.localSteps > 1) refuseOptimizer(this.#ranks, this.#learner.optimizer);
    await shareWeights(this.#ranks, this.#learner.model.weights);
  }

  /** Rank 0 looks for what to go on from, and every rank goes on from that. */
  async restore(
    look: () => Promise<void>,
    found: () => RunSnapshot | undefined,
    goOn: (snapshot: RunSnapshot) => Promise<void>,
  ): Promise<void> {
    const { rank } = this.#ranks;
    const error = rank === 0 ? await caught(look) : undefined;
    await this.#ranks.agree(error);
    const snapshot = await shareSnapshot(this.#ranks, found());
    await this.#ranks.agree(rank > 0 && snapshot ? await caught(() => goOn(snapshot)) : undefined);
    this.#together = this.#progress.step;
  }

  /** Whether the ranks are together after this step: weights are the same, decisions can be shared. */
  async afterStep(where: string): Promise<boolean> {
    const { step } = this.#progress;
    const { localSteps } = this.#ranks;
    if (localSteps > 1) {
      if (step % localSteps !== 0) return false;
      await this.#reduction.meet(where);
      await this.#average();
    }
    this.#together = step;
    if (this.#checked) return true;
    this.#checked = true;
    await checkSameWeights(this.#ranks, this.#learner.variables, step);
    return true;
  }

  /** For the end of the batches of an epoch, or before weights are looked at. */
  async meet(): Promise<void> {
    if (this.#ranks.localSteps > 1 && this.#together !== this.#progress.step) await this.#average();
    this.#together = this.#progress.step;
  }

  /** Errors: `GW_RANKS_UNEQUAL` where other ranks have more batches. */
  async batchesEnded(where: string): Promise<void> {
    await this.#reduction.ended(where);
  }

  /** What the epoch was like, on all ranks. Errors: `GW_RANKS_DIVERGED`. */
  async afterEpoch(means: Means): Promise<void> {
    if (this.#ranks.localSteps > 1) await reduceMeans(this.#ranks, means, this.#learner.metrics);
    await checkSameWeights(this.#ranks, this.#learner.variables, this.#progress.step);
  }

  /** An end that one rank asks for becomes that of all. */
  async decide(): Promise<void> {
    const progress = this.#progress;
    const { asked } = progress;
    const first = await this.#ranks.first(asked !== undefined);
    if (first === undefined) return;
    const { why, inOrder } = JSON.parse(await this.#ranks.tell(JSON.stringify(asked ?? {}), first));
    progress.asked = undefined;
    if (progress.why !== undefined && inOrder) return;
    progress.why ??= why;
    progress.inOrder = inOrder;
  }

  async #average(): Promise<void> {
    const { driver, variables, optimizer } = this.#learner;
    driver.times.enter('between ranks');
    await averageWeights(this.#ranks, variables, optimizer);
    driver.times.leave();
  }
}

const caught = (body: () => Promise<void>): Promise<unknown> =>
  body().then(
    () => undefined,
    (error: unknown) => error ?? new Error('no reason was given'),
  );
