import type { Batch, EpochContext, Logs, TrainEnd } from '@gatewise/plugin';
import { type Batches, checkBatch, disposeBatch, noBatches, openBatches } from './batches.js';
import { createBreath } from './breathe.js';
import { Contexts, type Plan, type Progress } from './contexts.js';
import { checkFiniteLoss, meanLoss, READ_EVERY } from './evaluate.js';
import { countTargets } from './lengths.js';
import { Means, Report } from './logs.js';
import { type Learner, learn } from './step.js';
import type { ValidateEvery } from './train-options.js';

export interface LoopOptions {
  readonly batches: Batches;
  readonly validation?: Batches | undefined;
  readonly validateEvery?: ValidateEvery | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Most steps. */
  readonly limit: number;
  /** Ends the run in order when it is over. */
  readonly time?: { over(): boolean; readonly why: string } | undefined;
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
  /** The step of the last validation. */
  #validatedAt: number | undefined;

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
    const { signal, time } = this.#options;
    if (signal?.aborted) this.#stop(describeAbort(signal.reason));
    else if (time?.over()) this.finish(time.why);
    return this.progress.why !== undefined;
  }

  /** Ends the epoch after the step under way, and then the run, in order. */
  finish(why: string): void {
    if (this.progress.why !== undefined) return;
    this.progress.why = why;
    this.progress.inOrder = true;
  }

  /** Ends the run after the step under way, without validation; also one that is ending in order. */
  #stop(why: string): void {
    this.progress.why ??= why;
    this.progress.inOrder = false;
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
    const validate = async () => {
      logs = await readMeans(means, `in epoch ${epoch}, at step ${progress.step} or before`);
      await this.#validate(context, report);
    };
    try {
      model.resetState?.(true);
      const skipped = progress.skipped;
      await driver.observe('onEpochBegin', context);
      if (!this.#over()) await this.#steps(epoch, means, report, validate);
      logs = await readMeans(means, `in epoch ${epoch}, at step ${progress.step} or before`);
      if (progress.skipped > skipped) logs = { ...logs, skipped: progress.skipped - skipped };
      await report.read();
      if (this.#validatesAfter(epoch)) await this.#validate(context, report);
      await driver.observe('onEpochEnd', context);
      await report.read();
      this.history.push(context.logs);
    } finally {
      means.dispose();
      report.dispose();
    }
  }

  async #steps(
    epoch: number,
    means: Means,
    epochReport: Report,
    validate: () => Promise<void>,
  ): Promise<void> {
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
        await readMeans(
          means,
          `in epoch ${epoch}, in the ${READ_EVERY} steps before step ${this.progress.step}`,
        );
      }
      if (this.#validatesNow()) await validate();
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

  /** In the middle of an epoch, where `validateEvery` counts steps. */
  #validatesNow(): boolean {
    const { steps } = this.#options.validateEvery ?? {};
    return steps !== undefined && this.progress.step % steps === 0 && this.#mayValidate();
  }

  #validatesAfter(epoch: number): boolean {
    const { validateEvery: every } = this.#options;
    if (!this.#mayValidate()) return false;
    const last = this.#over() || epoch + 1 >= this.#plan.epochs;
    if (every?.steps !== undefined) return last && this.#validatedAt !== this.progress.step;
    return last || (epoch + 1) % (every?.epochs ?? 1) === 0;
  }

  #mayValidate(): boolean {
    return !this.#stopped() || this.progress.inOrder === true;
  }

  async #validate(context: EpochContext, report: Report): Promise<void> {
    const { validation, signal } = this.#options;
    if (!validation) return;
    this.#validatedAt = this.progress.step;
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
