import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GatewiseError } from '@gatewise/core';
import {
  type Awaitable,
  type BatchContext,
  definePlugin,
  type EpochContext,
  type Json,
  type TrainContext,
  type TrainEnd,
  type UpdateStats,
} from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import type { LossUnit, Reference } from './charts.js';
import { type Cells, reportHtml, type Section } from './page.js';
import { type Flow, type Recorder, type RunRecord, recorder } from './record.js';

/** What is known only once training is over. */
export interface Closing {
  /** Final numbers; the first four also stand at the top. */
  readonly figures?: Cells;
  /** Texts, such as samples of the model. */
  readonly sections?: readonly Section[];
}

export interface ReportOptions {
  /** Where to write; folders are made. */
  readonly file: string;
  readonly title?: string;
  /** Reads the numbers of every n-th step, which waits on the device; 10 when absent. */
  readonly every?: number;
  /** Unit of the loss, such as `bitsPerCharacter`; as the model gives it when absent. */
  readonly unit?: LossUnit;
  /** Values to compare the loss with, in its unit: baselines. */
  readonly references?: readonly Reference[];
  /** What the run was made with. */
  readonly settings?: Cells;
  /** Called at the end of training, before the report is written. */
  readonly closing?: (end: TrainEnd) => Awaitable<Closing>;
}

/**
 * Writes one HTML file about a run when it ends, however it ends: loss, gradient norm before and after clipping, gradient
 * flow, settings, final figures and samples, with charts drawn inside it and no request to anywhere.
 *
 * It shows what others report: `gradientNorm` and `gradientNormClipped` (clip), `valLoss`, and the state gradients of any
 * step for which a plugin asks (gradient-flow). Errors: `GW_REPORT_OPTION`, `GW_REPORT_WRITE`.
 *
 * @example
 * report({ file: 'runs/one/report.html', title: 'LSTM on Moby Dick', unit: bitsPerCharacter, settings: { seed: 1 } })
 */
export function report(options: ReportOptions) {
  const { file, every = 10 } = options;
  if (typeof file !== 'string' || file === '') {
    throw new GatewiseError(
      'GW_REPORT_OPTION',
      `got file = ${JSON.stringify(file)}, wanted the name of an HTML file`,
    );
  }
  if (!Number.isInteger(every) || every < 1) {
    throw new GatewiseError('GW_REPORT_OPTION', `got every = ${every}, wanted a whole number of at least 1`);
  }
  return plugin({ ...options, every });
}

const plugin = definePlugin('report', (options: ReportOptions & { every: number }) => {
  const kept = recorder(options.every);
  let started = new Date();
  return {
    order: 'post' as const,
    onTrainBegin() {
      started = new Date();
    },
    beforeUpdate: (stats: UpdateStats, ctx: BatchContext) => addFlows(kept, stats, ctx.step),
    onBatchEnd: (ctx: BatchContext) => addSample(kept, ctx),
    onEpochEnd({ step, logs }: EpochContext) {
      if (logs.valLoss !== undefined) kept.addValidation({ step, loss: logs.valLoss });
    },
    onTrainEnd: (ctx: TrainContext, end: TrainEnd) => finish(options, kept, started, ctx, end),
    saveState: () => kept.record() as unknown as Json,
    loadState: (state: Json) => kept.restore(state as unknown as RunRecord),
  };
});

async function addSample(kept: Recorder, ctx: BatchContext): Promise<void> {
  if (!kept.wants(ctx.step)) return;
  const { loss = Number.NaN, gradientNorm, gradientNormClipped } = await ctx.logs();
  kept.addSample({
    step: ctx.step,
    loss,
    ...(gradientNorm === undefined ? {} : { gradientNorm }),
    ...(gradientNormClipped === undefined ? {} : { gradientNormClipped }),
  });
}

async function addFlows(
  kept: Recorder,
  { stateGradients, states }: UpdateStats,
  step: number,
): Promise<void> {
  const layers = Object.entries(stateGradients).map(([layer, norms]) => ({
    layer,
    norms: tf.keep(tf.clone(norms)), // [T,S]
  }));
  for (const { layer, norms } of layers) {
    const rows = await norms.array().finally(() => norms.dispose());
    const flow = (state: string, s: number): Flow => ({
      step,
      layer,
      state,
      norms: rows.map((row) => row[s] as number),
    });
    kept.addFlows((states[layer] ?? []).map(flow));
  }
}

async function finish(
  options: ReportOptions,
  kept: Recorder,
  started: Date,
  { step: steps, dryRun }: TrainContext,
  end: TrainEnd,
): Promise<void> {
  const seconds = (Date.now() - started.getTime()) / 1000;
  const closing = await closingOf(options, end);
  const page = reportHtml({
    title: options.title ?? 'Training run',
    started,
    seconds,
    steps,
    end,
    unit: options.unit ?? { label: 'loss', scale: 1 },
    record: kept.record(),
    references: options.references ?? [],
    settings: options.settings ?? {},
    figures: closing.figures ?? {},
    sections: closing.sections ?? [],
  });
  if (!dryRun) await write(options.file, page);
  if (closing.error) throw closing.error;
}

/** A closing that throws must not cost the report: it is written without, and the error passed on after. */
async function closingOf(
  { closing }: ReportOptions,
  end: TrainEnd,
): Promise<Closing & { readonly error?: Error }> {
  try {
    return (await closing?.(end)) ?? {};
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    return { error, sections: [{ title: 'The figures of this run could not be made', text: error.message }] };
  }
}

/** Written under another name first, so that a report is there whole or not at all. */
async function write(file: string, page: string): Promise<void> {
  const draft = `${file}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(draft, page);
    await rename(draft, file);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewiseError(
      'GW_REPORT_WRITE',
      `could not write ${file} (${why}); is the folder writable, the disk full?`,
      {
        cause,
      },
    );
  }
}
