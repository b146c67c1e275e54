import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GatewiseError } from '@gatewise/core';
import {
  type Awaitable,
  type BatchContext,
  definePlugin,
  type EpochContext,
  type GateUse,
  type Json,
  type TextSample,
  type Texts,
  type Times,
  Tokens,
  type TrainContext,
  type TrainEnd,
  type UpdateStats,
} from '@gatewise/plugin';
import type { Optimizer } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LossUnit, Reference } from './charts.js';
import { type Cells, reportHtml, type Section } from './page.js';
import { ratesOf } from './rates.js';
import { type Flow, type Recorder, type RunRecord, recorder, spread } from './record.js';

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

type Checked = ReportOptions & { readonly every: number };

const hooks = (options: Checked, times: Times, texts: Texts, optimizer: Optimizer) => {
  const kept = recorder(options.every);
  /** Texts of the runs before, after a resume. */
  let earlier: readonly TextSample[] = [];
  const written = () => [...earlier, ...texts.all];
  let started = new Date();
  let firstStep = 0;
  return {
    order: 'post' as const,
    onTrainBegin({ step }: TrainContext) {
      firstStep = step;
      started = new Date();
    },
    async beforeUpdate(stats: UpdateStats, { step }: BatchContext) {
      await addFlows(kept, stats, step);
      if (Object.keys(stats.stateGradients).length > 0) addGates(kept, await stats.gates(), step);
    },
    onBatchEnd: (ctx: BatchContext) => addSample(kept, optimizer, ctx),
    onEpochEnd({ step, logs }: EpochContext) {
      if (logs.valLoss !== undefined) kept.addValidation({ step, loss: logs.valLoss });
    },
    onTrainEnd: (ctx: TrainContext, end: TrainEnd) =>
      finish(options, { record: kept.record(), started, firstStep, times, texts: written() }, ctx, end),
    saveState: () => ({ ...kept.record(), texts: written() }) as unknown as Json,
    loadState(state: Json) {
      const { texts: before, ...record } = state as unknown as RunRecord & {
        readonly texts: readonly TextSample[];
      };
      earlier = before;
      kept.restore(record);
    },
  };
};

const plugin = definePlugin('report', hooks, [Tokens.Times, Tokens.Texts, Tokens.Optimizer]);

const addGates = (
  kept: Recorder,
  layers: Readonly<Record<string, Readonly<Record<string, GateUse>>>>,
  step: number,
) =>
  kept.addGates(
    Object.entries(layers).map(([layer, use]) => ({
      step,
      layer,
      gates: Object.fromEntries(Object.entries(use).map(([gate, { low, high }]) => [gate, { low, high }])),
    })),
  );

async function addSample(kept: Recorder, optimizer: Optimizer, ctx: BatchContext): Promise<void> {
  if (!kept.wants(ctx.step)) return;
  // before the wait: those of this step
  const rates = ratesOf(optimizer);
  const { loss = Number.NaN, gradientNorm, gradientNormClipped } = await ctx.logs();
  kept.addSample({
    step: ctx.step,
    loss,
    ...(gradientNorm === undefined ? {} : { gradientNorm }),
    ...(gradientNormClipped === undefined ? {} : { gradientNormClipped }),
    ...rates,
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

/** What a report is made of at the end. */
interface Seen {
  readonly record: RunRecord;
  readonly started: Date;
  readonly firstStep: number;
  readonly times: Times;
  readonly texts: readonly TextSample[];
}

async function finish(
  options: ReportOptions,
  { record, started, firstStep, times, texts }: Seen,
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
    record,
    times: times.read(),
    timedSteps: steps - firstStep,
    references: options.references ?? [],
    settings: options.settings ?? {},
    figures: closing.figures ?? {},
    sections: [...spread(texts, SHOWN_TEXTS).map(sectionOf), ...(closing.sections ?? [])],
  });
  if (!dryRun) await write(options.file, page);
  if (closing.error) throw closing.error;
}

/** Of a long run, so many texts: the first, the last, and some between. */
const SHOWN_TEXTS = 8;
const sectionOf = ({ name, step, text }: TextSample): Section => ({
  title: `${name}, step ${step.toLocaleString('en-US')}`,
  text,
});

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
