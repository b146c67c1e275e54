import { GatewiseError } from '@gatewise/core';
import {
  definePlugin,
  type Json,
  type Logs,
  type Plugin,
  type TrainContext,
  type TrainEnd,
} from '@gatewise/plugin';
import { openCsvFile } from './csv-file.js';
import { openLineFile, type RecordFile } from './line-file.js';

export interface MetricsOptions {
  /** Where to write; its folder is made where it is missing. */
  readonly file: string;
  /** Every how many steps a line is written; each read waits on the device. Default 1. */
  readonly every?: number | undefined;
  /** What happens to a file that is there. Default `append`. */
  readonly mode?: 'append' | 'replace' | undefined;
  /** The clock, in milliseconds. Default `performance.now`. */
  readonly now?: (() => number) | undefined;
}
type Checked = { readonly [K in keyof Required<MetricsOptions>]: NonNullable<MetricsOptions[K]> };

/** Lines wait for this many characters or milliseconds, an epoch's end or the run's. */
const BUNCH = 32_768;
const PAUSE = 1000;
const OWN = ['event', 'step', 'epoch', 'time'];

function checked({
  file,
  every = 1,
  mode = 'append',
  now = () => performance.now(),
}: MetricsOptions): Checked {
  const refuse = (what: string) => new GatewiseError('GW_METRICS_OPTIONS', what);
  if (typeof file !== 'string' || file === '')
    throw refuse(`got file "${file}", wanted a path, such as runs/a/metrics.jsonl`);
  if (!Number.isInteger(every) || every < 1)
    throw refuse(`got every ${every}, wanted a whole number of steps, 1 or more`);
  if (mode !== 'append' && mode !== 'replace')
    throw refuse(`got mode "${mode}", wanted "append" or "replace"`);
  return { file, every, mode, now };
}

/** One JSON line. What JSON has no number for is a text: "NaN", "Infinity", "-Infinity". */
export function jsonLine(record: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(record, (_key, value) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
}

/** A file of one record a line. */
type Open = (file: string, replace: boolean) => Promise<RecordFile>;

const openJsonLines: Open = async (file, replace) => {
  const { add, ...lines } = await openLineFile(file, replace);
  return { ...lines, add: (record) => add(jsonLine(record)) };
};

/** The hooks of one run. */
export function metricsHooks({ file, every, mode, now }: Checked, open = openJsonLines) {
  let lines: RecordFile | undefined;
  let began = now();
  let flushed = began;
  /** Time of the runs before, after a resume. */
  let earlier = 0;
  const elapsed = () => Math.round(earlier + now() - began);
  const flush = async () => {
    await lines?.flush();
    flushed = now();
  };
  const add = (event: string, { step }: TrainContext, more: Record<string, unknown>, logs: Logs = {}) => {
    checkNames(logs);
    lines?.add({ event, step, ...more, ...logs, time: elapsed() });
  };
  return {
    async onTrainBegin(ctx) {
      began = now();
      if (!ctx.dryRun) lines = await open(file, mode === 'replace');
      const { seed, epochs, steps } = ctx;
      add('begin', ctx, { seed, epochs, ...(steps !== undefined && { steps }) });
      await flush();
    },
    async onBatchEnd(ctx) {
      if (ctx.step % every !== 0) return;
      add('step', ctx, { epoch: ctx.epoch }, await ctx.logs());
      if ((lines?.waiting() ?? 0) >= BUNCH || now() - flushed >= PAUSE) await flush();
    },
    async onEpochEnd(ctx) {
      add('epoch', ctx, { epoch: ctx.epoch }, ctx.logs);
      await flush();
    },
    async onTrainEnd(ctx, end) {
      add('end', ctx, describeEnd(end));
      await flush();
    },
    async dispose() {
      await lines?.close();
      lines = undefined;
    },
    saveState: () => ({ time: elapsed() }),
    loadState(state) {
      earlier = readTime(state);
    },
  } satisfies Omit<Plugin, 'name'>;
}

function describeEnd(end: TrainEnd): Record<string, string> {
  if (end.reason === 'stopped') return { reason: end.reason, why: end.why };
  return end.reason === 'failed' ? { reason: end.reason, error: end.error.message } : { reason: end.reason };
}

/** Errors: `GW_METRICS_NAME`. */
function checkNames(logs: Logs): void {
  const clash = OWN.find((name) => Object.hasOwn(logs, name));
  if (clash === undefined) return;
  const what = `got a reported number "${clash}", wanted another name than ${OWN.join(', ')}`;
  throw new GatewiseError('GW_METRICS_NAME', what);
}

function readTime(state: Json): number {
  const { time } = (state ?? {}) as { time?: unknown };
  if (typeof time === 'number' && Number.isFinite(time)) return time;
  const got = JSON.stringify(state);
  throw new GatewiseError('GW_METRICS_STATE', `got ${got}, wanted { time } in milliseconds`);
}

const plugin = definePlugin('metrics', (options: Checked) => metricsHooks(options));

/**
 * Writes what a run reports as JSON lines: `event` begin, step, epoch or end, with `step`, `epoch` (from 0), `time`
 * (milliseconds since the beginning), `loss` and everything reported. For Node.
 * Errors: `GW_METRICS_WRITE`, `GW_METRICS_OPTIONS`, `GW_METRICS_NAME`, `GW_METRICS_STATE`.
 *
 * @example
 * metrics({ file: 'runs/first/metrics.jsonl' });
 * // {"event":"step","step":1,"epoch":0,"loss":4.31,"gradientNorm":0.52,"time":113}
 */
export const metrics = (options: MetricsOptions) => plugin(checked(options));

const csvPlugin = definePlugin('metrics-csv', (options: Checked) => metricsHooks(options, openCsvFile));

/**
 * The same as `metrics` in columns, as CSV: `event`, `step`, … and one for each reported number, empty where a line has none.
 * A number that is new gets a column at the end: the file is then written anew, whole or not at all. For Node.
 *
 * @example
 * metricsCsv({ file: 'runs/first/metrics.csv', every: 10 });
 */
export const metricsCsv = (options: MetricsOptions) => csvPlugin(checked(options));
