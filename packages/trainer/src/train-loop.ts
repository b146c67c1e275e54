import type { Random } from '@gatewise/core';
import type { Batch, EpochContext, Logger, Logs, RunInfo, TrainEnd } from '@gatewise/plugin';
import { type Batches, checkBatch, disposeBatch, epochOf, noBatches } from './batches.js';
import { createBreath } from './breathe.js';
import { type BatchPlace, Contexts, type Plan, type Progress } from './contexts.js';
import { checkFiniteLoss, meanLogs, READ_EVERY } from './evaluate.js';
import { countTargets } from './lengths.js';
import { Means, Report } from './logs.js';
import { shownName, validationName } from './metrics.js';
import type { Ranks } from './ranks.js';
import { RunOfRanks } from './ranks-run.js';
import { type OpenEpoch, type Rest, RunSaver } from './run-saver.js';
import type { RunIdentity } from './saved-run.js';
import { type Learner, learn } from './step.js';
import type { ValidateEvery } from './train-options.js';

export interface LoopOptions {
  readonly batches: Batches;
  readonly validation?: Batches | undefined;
  readonly validateEvery?: ValidateEvery | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Most steps. */
  readonly limit: number;
  readonly identity: RunIdentity;
  readonly random: Random;
  readonly logger: Logger;
  /** Where there are several. */
  readonly ranks?: Ranks | undefined;
  readonly info: () => RunInfo;
  /** Ends the run in order when it is over. */
  readonly time?: { over(): boolean; readonly why: string } | undefined;
}

/** Epochs of steps, with the hooks around them. */
export class TrainLoop {
  readonly progress: Progress;
  readonly history: Logs[] = [];
  readonly contexts: Contexts;
  readonly #learner: Learner;
  readonly #plan: Plan;
  readonly #options: LoopOptions;
  readonly #breathe = createBreath();
  readonly #ranks: RunOfRanks | undefined;
  readonly saver: RunSaver;

  constructor(learner: Learner, plan: Plan, options: LoopOptions) {
    const { identity, random, logger, ranks } = options;
    this.progress = { step: 0, skipped: 0, report: new Report(), ...(ranks && { shared: true }) };
    this.#ranks = ranks && new RunOfRanks(ranks, learner, this.progress);
    this.#learner = this.#ranks?.learner(plan.seed) ?? learner;
    this.#plan = plan;
    this.#options = options;
    const measured = learner.metrics.map(shownName).flatMap((name) => [name, validationName(name)]);
    this.contexts = new Contexts(plan, this.progress, measured);
    const { progress, history } = this;
    this.saver = new RunSaver({ learner, progress, history, identity, random, logger, ranks });
  }

  async run(): Promise<TrainEnd> {
    const { model, driver } = this.#learner;
    try {
      await this.#ranks?.begin(this.#options.info());
      const look = () => driver.observe('onRestore', this.contexts.train);
      await this.saver.whileRestoring(() => this.#restore(look));
      const { epoch: first, batch } = this.saver.start;
      await driver.observe('onTrainBegin', this.contexts.train);
      await this.#decide();
      if (batch === 0) this.saver.settle();
      for (let epoch = first; epoch < this.#plan.epochs && !this.#over(); epoch++) {
        await this.#epoch(epoch, epoch === first ? batch : 0);
      }
      const { why } = this.progress;
      return why === undefined ? { reason: 'completed' } : { reason: 'stopped', why };
    } finally {
      model.resetState?.();
    }
  }

  async #restore(look: () => Promise<void>): Promise<void> {
    const { saver } = this;
    if (this.#ranks)
      await this.#ranks.restore(
        look,
        () => saver.restored,
        (snapshot) => saver.restore(snapshot),
      );
    else await look();
  }

  /** Where there are several ranks: what one of them wants, all do. */
  async #decide(): Promise<void> {
    if (!this.#ranks) return;
    this.#stopped();
    await this.#ranks.decide();
  }

  /** True when stopped, aborted, or at the last planned step. */
  #over(): boolean {
    return this.#stopped() || this.progress.step >= this.#options.limit;
  }

  #stopped(): boolean {
    const { signal, time } = this.#options;
    if (signal?.aborted) this.#stop(describeAbort(signal.reason));
    else if (time?.over()) this.finish(time.why);
    return this.progress.why !== undefined;
  }

  /** Ends the epoch after the step under way, and then the run, in order. */
  finish(why: string): void {
    if (this.progress.why !== undefined) return;
    if (this.progress.shared) {
      this.progress.asked ??= { why, inOrder: true };
      return;
    }
    this.progress.why = why;
    this.progress.inOrder = true;
  }

  /** Ends the run after the step under way, without validation; also one that is ending in order. */
  #stop(why: string): void {
    if (this.progress.shared) {
      this.progress.asked = { why, inOrder: false };
      return;
    }
    this.progress.why ??= why;
    this.progress.inOrder = false;
  }

  /** From batch `from` on. */
  async #epoch(epoch: number, from: number): Promise<void> {
    const { model, driver } = this.#learner;
    const { progress } = this;
    const means = new Means();
    // The first epoch takes what was reported in onTrainBegin.
    const report = epoch === this.saver.start.epoch ? progress.report : new Report();
    progress.report = report;
    let logs: Logs = {};
    const context = this.contexts.epoch(epoch, () => ({ ...logs, ...Object.fromEntries(report.host) }));
    const validate = async () => {
      logs = await readMeans(means, `in epoch ${epoch}, at step ${progress.step} or before`);
      await this.#ranks?.meet();
      await this.#validate(context, report);
    };
    try {
      model.resetState?.(true);
      const skipped = from > 0 ? this.saver.skippedBefore : progress.skipped;
      await driver.observe('onEpochBegin', context);
      await this.#decide();
      const open = { means, report, skippedBefore: skipped };
      if (from > 0) this.saver.settle(open);
      const whole = !this.#over() && (await this.#steps(epoch, from, open, validate));
      await this.#ranks?.meet();
      await this.#ranks?.afterEpoch(means);
      logs = await readMeans(means, `in epoch ${epoch}, at step ${progress.step} or before`);
      if (progress.skipped > skipped) logs = { ...logs, skipped: progress.skipped - skipped };
      await report.read();
      if (this.#validatesAfter(epoch)) await this.#validate(context, report);
      await driver.observe('onEpochEnd', context);
      await report.read();
      await this.#decide();
      this.history.push(context.logs);
      if (whole || this.saver.keeps) await this.#savePoint({ epoch: epoch + 1, batch: 0 }, context);
    } finally {
      means.dispose();
      report.dispose();
    }
  }

  /** Whether the epoch is whole; false where the run ends within it. */
  async #steps(
    epoch: number,
    from: number,
    open: OpenEpoch,
    validate: () => Promise<void>,
  ): Promise<boolean> {
    const { batches } = this.#options;
    let count = from;
    const { driver } = this.#learner;
    driver.times.enter('data');
    const ahead = driver.plugins.some(({ looksAhead }) => looksAhead === true);
    for await (const { batch, last } of epochOf(batches, epoch, from, ahead)) {
      driver.times.leave();
      const report = new Report();
      this.progress.report = report;
      try {
        await this.#step(batch, { epoch, batch: count++, last }, report, open.means);
      } finally {
        disposeBatch(batch);
        report.dispose();
        this.progress.report = open.report;
      }
      if (count % READ_EVERY === 0) {
        const steps = `in the ${READ_EVERY} steps before step ${this.progress.step}`;
        await readMeans(open.means, `in epoch ${epoch}, ${steps}`);
      }
      const together = (await this.#ranks?.afterStep(`after batch ${count} of epoch ${epoch}`)) ?? true;
      if (together) await this.#decide();
      if (this.#validatesNow()) await validate();
      const rest = { epoch, batch: count, open };
      if (together) await this.#savePoint(rest);
      await this.#breathe();
      if (this.#over()) {
        await this.#ranks?.meet();
        if (driver.has('onSavePoint')) await this.saver.keep(rest);
        return false;
      }
      driver.times.enter('data');
    }
    driver.times.leave();
    await this.#ranks?.batchesEnded(`after ${count} batches of epoch ${epoch}`);
    if (count === 0) throw noBatches('training', epoch);
    return true;
  }

  /** After a step, or after an epoch with its context. */
  async #savePoint(rest: Rest, ended?: EpochContext): Promise<void> {
    const { driver } = this.#learner;
    if (!driver.has('onSavePoint')) return;
    const last = this.#over() || rest.epoch >= this.#plan.epochs;
    const context = this.contexts.savePoint(ended?.epoch ?? rest.epoch, last, ended?.logs);
    await this.saver.atRest(rest, () => driver.observe('onSavePoint', context));
  }

  async #step(batch: Batch, at: BatchPlace, report: Report, means: Means): Promise<void> {
    const { driver } = this.#learner;
    const { progress } = this;
    const where = `batch ${at.batch} of epoch ${at.epoch}`;
    checkBatch(batch, where);
    const targets = { count: countTargets(batch) };
    const context = this.contexts.batch(at, targets, report);
    const step = progress.step;
    const checkRead = () => checkFiniteLoss(report.host.get('loss'), `in ${where} (step ${step})`);
    await driver.observe('onBatchBegin', context);
    const outcome = await learn(this.#learner, batch, context, report, targets, checkRead);
    disposeBatch(batch);
    progress.step++;
    if (outcome === 'skipped') {
      progress.skipped++;
      report.set('skipped', 1);
    }
    await driver.observe('onBatchEnd', context);
    await report.settle();
    if (outcome !== 'skipped') {
      checkRead();
      means.add(report, targets.count);
    }
  }

  /** In the middle of an epoch, where `validateEvery` counts steps. */
  #validatesNow(): boolean {
    const { steps } = this.#options.validateEvery ?? {};
    return steps !== undefined && this.progress.step % steps === 0 && this.#mayValidate();
  }

  #validatesAfter(epoch: number): boolean {
    const { validateEvery: every } = this.#options;
    if (!this.#mayValidate()) return false;
    const last = this.#over() || epoch + 1 >= this.#plan.epochs;
    if (every?.steps !== undefined) return last && this.progress.validatedAt !== this.progress.step;
    return last || (epoch + 1) % (every?.epochs ?? 1) === 0;
  }

  #mayValidate(): boolean {
    return !this.#stopped() || this.progress.inOrder === true;
  }

  async #validate(context: EpochContext, report: Report): Promise<void> {
    const { validation, signal, ranks } = this.#options;
    if (!validation) return;
    this.progress.validatedAt = this.progress.step;
    const { model, driver, metrics } = this.#learner;
    await driver.observe('onValidationBegin', context);
    const { seed } = this.#plan;
    const { step } = this.progress;
    driver.times.enter('validation');
    const scores = await meanLogs(model, validation, {
      ...{ epoch: context.epoch, seed, step, metrics, ranks },
      ...(!ranks && { signal }),
    });
    driver.times.leave();
    checkFiniteLoss(scores?.loss, `in the validation of epoch ${context.epoch} (step ${step})`);
    for (const [name, value] of Object.entries(scores ?? {})) report.set(validationName(name), value);
    await driver.observe('onValidationEnd', context);
    await report.read();
  }
}

/** Means so far. Errors: `GW_TRAIN_NONFINITE`. */
async function readMeans(means: Means, where: string): Promise<Logs> {
  await means.flush();
  const logs = means.values();
  checkFiniteLoss(logs.loss, where);
  return logs;
}

function describeAbort(reason: unknown): string {
  if (reason instanceof Error) return reason.name === 'AbortError' ? 'aborted' : reason.message;
  return reason === undefined ? 'aborted' : String(reason);
}
