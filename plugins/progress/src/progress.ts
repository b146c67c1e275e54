import { GatewiseError } from '@gatewise/core';
import type { BatchContext, EpochContext, Logs, Plugin, TrainContext } from '@gatewise/plugin';
import { definePlugin } from '@gatewise/plugin';
import { bar, count, duration, figure, line, type Piece, widthOf } from './format.js';
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
  readonly unit: string;
  readonly name: string;
  readonly scale: number;
  readonly every: number;
  readonly now: () => number;
  readonly stream: ProgressStream | undefined;
}
/** Milliseconds between two drawings on a terminal. */
const REDRAW = 100;

const ofEpochs = (epoch: number, epochs: number) =>
  Number.isFinite(epochs) ? `epoch ${epoch + 1}/${epochs}` : `epoch ${epoch + 1}`;

function checked(options: ProgressOptions): Checked {
  const { unit = 'targets', loss, stream = globalThis.process?.stderr, every = 5, silent = false } = options;
  const { name = 'loss', scale = 1 } = loss ?? {};
  const refuse = (what: string) => new GatewiseError('GW_PROGRESS_OPTIONS', what);
  if (!(every > 0)) throw refuse(`got every ${every}, wanted seconds above 0, such as 5`);
  if (!Number.isFinite(scale) || scale === 0) {
    throw refuse(`got loss.scale ${scale}, wanted a number other than 0, such as 1 / Math.LN2`);
  }
  const now = options.now ?? (() => performance.now());
  return { unit, name, scale, every: every * 1000, now, stream: silent ? undefined : stream };
}

/** The hooks of one run; none where there is nowhere to show anything. */
export function progressHooks(options: Checked): Omit<Plugin, 'name'> {
  return options.stream ? shown(options, screen(options.stream)) : {};
}

function shown({ unit, name, scale, every, now }: Checked, out: Screen) {
  const speed = meter();
  const period = out.terminal ? REDRAW : every;
  let began = now();
  let drawnAt = Number.NEGATIVE_INFINITY;
  let last: Logs = {};

  const loss = (value: number | undefined, before = '') => {
    const said = value === undefined ? '–' : figure(value * scale);
    return name === 'loss' ? `${before}loss ${said}` : `${before}${said} ${name}`;
  };
  const state = (ctx: TrainContext, epoch: number, end: string): string => {
    const { step, steps, epochs } = ctx;
    const of = steps === undefined ? `${step} steps` : `${step}/${steps}`;
    const part = steps === undefined || steps === 0 ? undefined : step / steps;
    const before: Piece[] = [
      ...(epochs > 1 ? [{ text: ofEpochs(epoch, epochs) }] : []),
      ...(part === undefined ? [] : [{ text: `${Math.floor(part * 100)}%`.padStart(4) }]),
    ];
    const after: Piece[] = [
      { text: of },
      { text: loss(last.loss), colour: 'bold' },
      { text: `${count(speed.rate() * 1000)} ${unit}/s` },
      { text: end, colour: 'dim' },
    ];
    // The bar takes what the words leave.
    const width = Math.min(20, out.columns() - widthOf([...before, ...after]) - 2);
    const drawn = out.terminal && part !== undefined && width >= 4;
    const middle: Piece[] = drawn ? [{ text: bar(part, width), colour: 'cyan' }] : [];
    return line([...before, ...middle, ...after], out.columns(), out.colours);
  };
  const left = ({ step, steps }: TrainContext) =>
    steps === undefined
      ? duration(now() - began)
      : `${duration(Math.max(0, steps - step) * speed.stepTime())} left`;

  let epoch = 0;
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
      last = await ctx.logs();
      drawnAt = now();
      out.draw(state(ctx, epoch, left(ctx)));
    },
    onValidationBegin(ctx: EpochContext) {
      if (out.terminal) out.draw(state(ctx, epoch, 'validating'));
    },
    onValidationEnd() {
      speed.resume(now());
    },
    onEpochEnd({ epochs, logs }: EpochContext) {
      last = logs;
      if (epochs === 1 && logs.valLoss === undefined) return;
      const valid = logs.valLoss === undefined ? [] : [{ text: loss(logs.valLoss, 'validation ') }];
      const pieces = [{ text: ofEpochs(epoch, epochs) }, { text: loss(logs.loss) }, ...valid];
      out.print(line([...pieces, { text: duration(now() - began) }], out.columns(), out.colours));
    },
    onTrainEnd(ctx, end) {
      out.release();
      const { step } = ctx;
      const steps = `${step} ${step === 1 ? 'step' : 'steps'} in ${duration(now() - began)}`;
      const rate = `${count(speed.rate() * 1000)} ${unit}/s`;
      if (end.reason === 'completed') out.print(`${steps}  ${loss(last.loss)}  ${rate}`);
      else if (end.reason === 'stopped') out.print(`stopped after ${steps}: ${end.why}`);
      else out.print(`failed after ${steps}`);
    },
    dispose: out.release,
  } satisfies Omit<Plugin, 'name'>;
}

const plugin = definePlugin('progress', (options: Checked) => progressHooks(options));

/**
 * One tidy line on a terminal, plain lines in a log: how far, the loss, the rate, the time left. Numbers are read from
 * the device only when they are shown. Colours only on a terminal and without `NO_COLOR`. Errors: `GW_PROGRESS_OPTIONS`.
 *
 * @example
 * progress({ unit: 'characters', loss: { name: 'bits/char', scale: 1 / Math.LN2 } });
 */
export const progress = (options: ProgressOptions = {}) => plugin(checked(options));
