import { GatewiseError } from '@gatewise/core';
import {
  type Clock,
  definePlugin,
  type Json,
  type Logs,
  type RunInfo,
  type Store,
  Tokens,
  type Trainable,
  type TrainContext,
  type TrainEnd,
} from '@gatewise/plugin';
import { describeCommit } from './commit.js';
import { describeMachine } from './machine.js';
import { describeEnd, describeModel, progressOf, type RunRecord, recordText } from './record.js';
import { describeVersions } from './versions.js';

export interface RunSummaryOptions {
  /** The folder of the run; made where it is missing. */
  readonly folder: string;
  /** What else should be known: data, sizes, the cell. */
  readonly settings?: { readonly [name: string]: Json } | undefined;
}

/**
 * Writes what ran into the folder of a run, at its beginning and again at its end: `run.json` for programs, `run.txt` for people:
 * options, seed, model, backend, engine, versions, machine, git commit, how it ended and with what numbers. Files go through
 * `Tokens.Store`. Errors: `GW_RUN_SUMMARY_OPTIONS`, `GW_RUN_SUMMARY_WRITE`.
 *
 * @example
 * await train(model, batches, { epochs: 3, optimizer, plugins: [runSummary({ folder: 'runs/first', settings: { units: 128 } })] });
 */
export function runSummary(options: RunSummaryOptions) {
  const { folder, settings = {} } = options;
  const refuse = (what: string) => new GatewiseError('GW_RUN_SUMMARY_OPTIONS', what);
  if (typeof folder !== 'string' || folder === '')
    throw refuse(`got folder ${JSON.stringify(folder)}, wanted a path, such as runs/first`);
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw refuse(`got settings ${JSON.stringify(settings)}, wanted plain data by name`);
  return plugin({ folder: folder.replace(/\/+$/, ''), settings });
}

type Checked = Required<RunSummaryOptions> & { readonly settings: RunRecord['settings'] };

const plugin = definePlugin(
  'run-summary',
  ({ folder, settings }: Checked, store: Store, clock: Clock, model: Trainable, info: () => RunInfo) => {
    let record: RunRecord | undefined;
    let began = clock.elapsed();
    let last: Logs = {};
    return {
      order: 'pre',
      async onTrainBegin(ctx) {
        began = clock.elapsed();
        record = {
          ...begin(clock, ctx),
          ...{ model: describeModel(model), ...info(), settings, versions: describeVersions() },
          ...{ machine: describeMachine(), git: await describeCommit() },
        };
        await write(store, folder, record);
      },
      onEpochEnd({ logs }) {
        last = logs;
      },
      async onTrainEnd(ctx, end: TrainEnd) {
        if (!record) return; // it failed before it began
        const seconds = Math.round(clock.elapsed() - began) / 1000;
        const ended = new Date(clock.now()).toISOString();
        await write(store, folder, {
          ...record,
          ...progressOf(ctx, last),
          ended,
          seconds,
          end: describeEnd(end),
        });
      },
    };
  },
  [Tokens.Store, Tokens.Clock, Tokens.Model, Tokens.RunInfo],
);

function begin(clock: Clock, ctx: TrainContext) {
  const begun = new Date(clock.now()).toISOString();
  return {
    format: 'gatewise-run/1',
    begun,
    ended: null,
    seconds: null,
    end: null,
    ...progressOf(ctx, {}),
  } as const;
}

async function write(store: Store, folder: string, record: RunRecord): Promise<void> {
  const encode = (text: string) => new TextEncoder().encode(text);
  const files = { 'run.json': `${JSON.stringify(record, undefined, 2)}\n`, 'run.txt': recordText(record) };
  for (const [name, text] of Object.entries(files)) {
    try {
      await store.write(`${folder}/${name}`, encode(text));
    } catch (cause) {
      if (cause instanceof GatewiseError) throw cause;
      const why = (cause as { code?: string }).code ?? String(cause);
      throw new GatewiseError(
        'GW_RUN_SUMMARY_WRITE',
        `got ${why} on writing "${folder}/${name}", wanted a file of what ran; may the folder be written, and is there space?`,
        { cause },
      );
    }
  }
}
