import type { Json, Logs, RunInfo, Trainable, TrainContext, TrainEnd } from '@gatewise/plugin';
import type { Commit } from './commit.js';
import type { Machine } from './machine.js';

/** `run.json`. Times are ISO texts; NaN and infinities are texts. */
export interface RunRecord {
  readonly format: 'gatewise-run/1';
  readonly begun: string;
  /** null while it runs, and where it was killed. */
  readonly ended: string | null;
  readonly seconds: number | null;
  readonly end: { readonly reason: string; readonly why?: string; readonly error?: string } | null;
  readonly seed: number;
  readonly epochs: number | string;
  /** Steps done, and planned where that is known. */
  readonly step: number;
  readonly steps?: number;
  /** Of the last epoch. */
  readonly logs: { readonly [name: string]: number | string };
  readonly model: {
    readonly name: string;
    readonly parameters: number;
    readonly weights: { readonly [name: string]: readonly number[] };
  };
  readonly engine: RunInfo['engine'];
  readonly options: RunInfo['options'];
  readonly plugins: readonly string[];
  /** What the caller wrote down. */
  readonly settings: { readonly [name: string]: Json };
  readonly versions: { readonly [name: string]: string };
  readonly machine: Machine;
  readonly git: Commit | null;
}

export function describeModel({ name, weights }: Trainable): RunRecord['model'] {
  const shapes = Object.entries(weights).map(([name, weight]) => [name, weight.shape] as const);
  const parameters = Object.values(weights).reduce((sum, { size }) => sum + size, 0);
  return { name, parameters, weights: Object.fromEntries(shapes) };
}

/** What changes while a run goes on. */
export function progressOf(
  { seed, epochs, step, steps }: TrainContext,
  logs: Logs,
): Pick<RunRecord, 'seed' | 'epochs' | 'step' | 'steps' | 'logs'> {
  const plain = Object.entries(logs).map(([name, value]) => [name, plainNumber(value)] as const);
  return {
    ...{ seed, epochs: plainNumber(epochs), step, logs: Object.fromEntries(plain) },
    ...(steps !== undefined && { steps }),
  };
}

const plainNumber = (value: number) => (Number.isFinite(value) ? value : String(value));

export function describeEnd(end: TrainEnd): NonNullable<RunRecord['end']> {
  return end.reason === 'failed' ? { reason: end.reason, error: end.error.message } : { ...end };
}

/** `run.txt`: the same for people. */
export function recordText(run: RunRecord): string {
  const { end, model, engine, machine, git } = run;
  const how = end ? [end.reason, end.why ?? end.error].filter(Boolean).join(': ') : 'running, or killed';
  const memory = machine.memoryBytes && `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  const processor = [machine.processor, `${machine.threads} threads`, memory].filter(Boolean).join(', ');
  const all: (readonly [string, string])[] = [
    ['begun', run.begun],
    ['ended', run.ended === null ? '' : `${run.ended}, after ${run.seconds} s`],
    ['end', how],
    ['steps', `${run.step}${run.steps === undefined ? '' : ` of ${run.steps}`}`],
    ['logs', listed(run.logs)],
    ['model', `${model.name}, ${model.parameters} parameters`],
    ['seed', String(run.seed)],
    ['backend', engine.backend],
    ['engine', `${engine.recurrence}; kernels ${engine.kernels ?? 'of tf.js'}`],
    ['plugins', run.plugins.join(', ')],
    ['machine', `${machine.system}; ${processor}`],
    ['git', git ? `${git.commit}${git.changed ? ', with changes' : ''}` : ''],
  ];
  const parts = [
    section('', all),
    section('options', entries(run.options)),
    section('settings', entries(run.settings)),
  ];
  return [...parts, section('weights', entries(model.weights)), section('versions', entries(run.versions))]
    .filter((part) => part !== '')
    .join('\n');
}

const say = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
const listed = (values: object) =>
  entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
const entries = (values: object): [string, string][] =>
  Object.entries(values).map(([name, value]) => [name, say(value)]);

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const filled = rows.filter(([, text]) => text !== '');
  if (filled.length === 0) return '';
  const width = Math.max(...filled.map(([name]) => name.length)) + 2;
  const lines = filled.map(([name, text]) => `${title && '  '}${name.padEnd(width)}${text}\n`);
  return `${title && `${title}\n`}${lines.join('')}`;
}
