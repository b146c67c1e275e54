import { GatewiseError } from '@gatewise/core';
import type { BatchContext, Communicator, EpochContext, Plugin, TrainContext } from '@gatewise/plugin';
import { definePlugin, Tokens } from '@gatewise/plugin';
import { duration } from './format.js';
import { endLine, epochLine, stateLine, type Words } from './lines.js';
import { meter } from './meter.js';
import { type ProgressStream, type Screen, screen } from './screen.js';

export interface ProgressOptions {
  /** What a target is called in the rate, such as `characters`. Default `targets`. */
  readonly unit?: string | undefined;
  /** How the loss is shown. `{ name: 'bits/char', scale: 1 / Math.LN2 }` turns nats into bits. Default `loss` as it is. */
  readonly loss?: { readonly name: string; readonly scale?: number | undefined } | undefined;
  /** Default `process.stderr` where there is one; in a page nothing is shown without a stream. */
  readonly stream?: ProgressStream | undefined;
  /** Seconds between two lines of a log; a terminal is redrawn ten times a second. Default 5. */
  readonly every?: number | undefined;
  /** Shows nothing at all. */
  readonly silent?: boolean | undefined;
  /** The clock, in milliseconds. Default `performance.now`. */
  readonly now?: (() => number) | undefined;
}
interface Checked {
  readonly words: Words;
  readonly every: number;
  readonly now: () => number;
  readonly stream: ProgressStream | undefined;
}
/** Milliseconds between two drawings on a terminal. */
const REDRAW = 100;

function checked(options: ProgressOptions): Checked {
  const { unit = 'targets', loss, stream = globalThis.process?.stderr, every = 5, silent = false } = options;
  const { name = 'loss', scale = 1 } = loss ?? {};
  const refuse = (what: string) => new GatewiseError('GW_PROGRESS_OPTIONS', what);
  if (!(every > 0)) throw refuse(`got every ${every}, wanted seconds above 0, such as 5`);
  if (!Number.isFinite(scale) || scale === 0) {
    throw refuse(`got loss.scale ${scale}, wanted a number other than 0, such as 1 / Math.LN2`);
  }
  const now = options.now ?? (() => performance.now());
  return { words: { unit, name, scale }, every: every * 1000, now, stream: silent ? undefined : stream };
}

/** The hooks of one run; none where there is nowhere to show anything. */
export function progressHooks(options: Checked): Omit<Plugin, 'name'> {
  return options.stream ? shown(options, screen(options.stream)) : {};
}

function shown({ words, every, now }: Checked, out: Screen) {
  const speed = meter();
  const period = out.terminal ? REDRAW : every;
  let began = now();
  let drawnAt = Number.NEGATIVE_INFINITY;
  let epoch = 0;
  let loss: number | undefined;
  const view = () => ({ epoch, loss, rate: speed.rate(), elapsed: now() - began });
  const left = ({ step, steps }: TrainContext) =>
    steps === undefined
      ? duration(now() - began)
      : `${duration(Math.max(0, steps - step) * speed.stepTime())} left`;
  return {
    onTrainBegin() {
      began = now();
    },
    onEpochBegin(ctx: EpochContext) {
      epoch = ctx.epoch;
      speed.resume(now());
    },
    async onBatchEnd(ctx: BatchContext) {
      speed.step(ctx.size, now());
      if (now() - drawnAt < period && !(out.terminal && ctx.step === ctx.steps)) return;
      ({ loss } = await ctx.logs());
      drawnAt = now();
      out.draw(stateLine(words, ctx, view(), left(ctx), out));
    },
    onValidationBegin(ctx: EpochContext) {
      if (out.terminal) out.draw(stateLine(words, ctx, view(), 'validating', out));
    },
    onValidationEnd() {
      speed.resume(now());
    },
    onEpochEnd({ epochs, logs }: EpochContext) {
      ({ loss } = logs);
      if (epochs > 1 || logs.valLoss !== undefined) out.print(epochLine(words, epochs, logs, view(), out));
    },
    onTrainEnd(ctx, end) {
      out.release();
      out.print(endLine(words, ctx, end, view()));
    },
    dispose: out.release,
  } satisfies Omit<Plugin, 'name'>;
}

const plugin = definePlugin(
  'progress',
  // of several ranks one is enough
  (options: Checked, { rank }: Communicator) => (rank === 0 ? progressHooks(options) : {}),
  [Tokens.Communicator],
);

/**
 * One tidy line on a terminal, plain lines in a log: how far, the loss, the rate, the time left. Numbers are read from
 * the device only when they are shown. Colours only on a terminal and without `NO_COLOR`. Errors: `GW_PROGRESS_OPTIONS`.
 *
 * @example
 * progress({ unit: 'characters', loss: { name: 'bits/char', scale: 1 / Math.LN2 } });
 */
export const progress = (options: ProgressOptions = {}) => plugin(checked(options));
