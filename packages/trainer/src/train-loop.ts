import type { Batch, EpochContext, Logs, TrainEnd } from '@gatewise/plugin';
import { type Batches, checkBatch, disposeBatch, noBatches, openBatches } from './batches.js';
import { createBreath } from './breathe.js';
import { Contexts, type Plan, type Progress } from './contexts.js';
import { checkFiniteLoss, meanLoss, READ_EVERY } from './evaluate.js';
import { countTargets } from './lengths.js';
import { Means, Report } from './logs.js';
import { type Learner, learn } from './step.js';

export interface LoopOptions {
  readonly batches: Batches;
  readonly validation?: Batches | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Most steps. */
  readonly limit: number;
}

/** Epochs of steps, with the hooks around them. */
export class TrainLoop {
  readonly progress: Progress = { step: 0, skipped: 0, report: new Report() };
  readonly history: Logs[] = [];
  readonly contexts: Contexts;
  readonly #learner: Learner;
  readonly #plan: Plan;
  readonly #options: LoopOptions;
  readonly #breathe = createBreath();

  constructor(learner: Learner, plan: Plan, options: LoopOptions) {
    this.#learner = learner;
    this.#plan = plan;
    this.#options = options;
    this.contexts = new Contexts(plan, this.progress);
  }

  async run(): Promise<TrainEnd> {
    const { model, driver } = this.#learner;
    try {
      await driver.observe('onTrainBegin', this.contexts.train);
      for (let epoch = 0; epoch < this.#plan.epochs && !this.#over(); epoch++) await this.#epoch(epoch);
      const { why } = this.progress;
      return why === undefined ? { reason: 'completed' } : { reason: 'stopped', why };
    } finally {
      model.resetState?.();
    }
  }

  /** True when stopped, aborted, or at the last planned step. */
  #over(): boolean {
    return this.#stopped() || this.progress.step >= this.#options.limit;
  }

  #stopped(): boolean {
    const { signal } = this.#options;
    if (signal?.aborted) this.progress.why ??= describeAbort(signal.reason);
    return this.progress.why !== undefined;
  }

  async #epoch(epoch: number): Promise<void> {
    const { model, driver } = this.#learner;
    const { progress } = this;
    const means = new Means();
    // The first epoch takes what was reported in onTrainBegin.
    const report = epoch === 0 ? progress.report : new Report();
    progress.report = report;
    let logs: Logs = {};
    const context = this.contexts.epoch(epoch, () => ({ ...logs, ...Object.fromEntries(report.host) }));
    try {
      model.resetState?.(true);
      const skipped = progress.skipped;
      await driver.observe('onEpochBegin', context);
      if (!this.#over()) await this.#steps(epoch, means, report);
      await means.flush();
      logs = means.values();
      if (progress.skipped > skipped) logs = { ...logs, skipped: progress.skipped - skipped };
      checkFiniteLoss(logs.loss, `in epoch ${epoch}, at step ${progress.step} or before`);
      await report.read();
      if (!this.#stopped()) await this.#validate(context, report);
      await driver.observe('onEpochEnd', context);
      await report.read();
      this.history.push(context.logs);
    } finally {
      means.dispose();
      report.dispose();
    }
  }

  async #steps(epoch: number, means: Means, epochReport: Report): Promise<void> {
    let count = 0;
    const { times } = this.#learner.driver;
    times.enter('data');
    for await (const batch of openBatches(this.#options.batches, epoch)) {
      times.leave();
      const report = new Report();
      this.progress.report = report;
      try {
        await this.#step(batch, epoch, count++, report, means);
      } finally {
        disposeBatch(batch);
        report.dispose();
        this.progress.report = epochReport;
      }
      if (count % READ_EVERY === 0) {
        await means.flush();
        checkFiniteLoss(
          means.values().loss,
          `in epoch ${epoch}, in the ${READ_EVERY} steps before step ${this.progress.step}`,
        );
      }
      await this.#breathe();
      if (this.#over()) return;
      times.enter('data');
    }
    times.leave();
    if (count === 0) throw noBatches('training', epoch);
  }

  async #step(batch: Batch, epoch: number, index: number, report: Report, means: Means): Promise<void> {
    const { driver } = this.#learner;
    const { progress } = this;
    const where = `batch ${index} of epoch ${epoch}`;
    checkBatch(batch, where);
    const size = countTargets(batch);
    const context = this.contexts.batch(epoch, index, size, report);
    const step = progress.step;
    const checkRead = () => checkFiniteLoss(report.host.get('loss'), `in ${where} (step ${step})`);
    await driver.observe('onBatchBegin', context);
    const outcome = await learn(this.#learner, batch, context, report, checkRead);
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
      means.add(report, size);
    }
  }

  async #validate(context: EpochContext, report: Report): Promise<void> {
    const { validation, signal } = this.#options;
    if (!validation) return;
    const { model, driver } = this.#learner;
    await driver.observe('onValidationBegin', context);
    const { seed } = this.#plan;
    const { step } = this.progress;
    driver.times.enter('validation');
    const loss = await meanLoss(model, validation, { epoch: context.epoch, seed, step, signal });
    driver.times.leave();
    checkFiniteLoss(loss, `in the validation of epoch ${context.epoch} (step ${step})`);
    if (loss !== undefined) report.set('valLoss', loss);
    await driver.observe('onValidationEnd', context);
    await report.read();
  }
}

function describeAbort(reason: unknown): string {
  if (reason instanceof Error) return reason.name === 'AbortError' ? 'aborted' : reason.message;
  return reason === undefined ? 'aborted' : String(reason);
}
