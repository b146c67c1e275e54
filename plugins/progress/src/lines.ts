import type { Logs, TrainContext, TrainEnd } from '@gatewise/plugin';
import { bar, count, duration, figure, line, type Piece, widthOf } from './format.js';
import type { Screen } from './screen.js';

/** What things are called, and what the loss is multiplied by. */
export interface Words {
  readonly unit: string;
  readonly name: string;
  readonly scale: number;
}
/** What a line tells beside the context's own numbers. */
export interface View {
  readonly epoch: number;
  readonly loss: number | undefined;
  /** Targets a millisecond. */
  readonly rate: number;
  /** Milliseconds since the run began. */
  readonly elapsed: number;
}

const lossText = ({ name, scale }: Words, value: number | undefined, before = ''): string => {
  const said = value === undefined ? '–' : figure(value * scale);
  return name === 'loss' ? `${before}loss ${said}` : `${before}${said} ${name}`;
};
const rateText = ({ unit }: Words, rate: number): string => `${count(rate * 1000)} ${unit}/s`;
const epochText = (epoch: number, epochs: number): string =>
  Number.isFinite(epochs) ? `epoch ${epoch + 1}/${epochs}` : `epoch ${epoch + 1}`;

/** Where the run stands: "epoch 1/2   41%  ████░░  412/1000  loss 2.153  61.2k characters/s  0:42 left". */
export function stateLine(words: Words, ctx: TrainContext, view: View, end: string, out: Screen): string {
  const { step, steps, epochs } = ctx;
  const part = steps === undefined || steps === 0 ? undefined : step / steps;
  const before: Piece[] = [
    ...(epochs > 1 ? [{ text: epochText(view.epoch, epochs) }] : []),
    ...(part === undefined ? [] : [{ text: `${Math.floor(part * 100)}%`.padStart(4) }]),
  ];
  const after: Piece[] = [
    { text: steps === undefined ? `${step} steps` : `${step}/${steps}` },
    { text: lossText(words, view.loss), colour: 'bold' },
    { text: rateText(words, view.rate) },
    { text: end, colour: 'dim' },
  ];
  // The bar takes what the words leave.
  const width = Math.min(20, out.columns() - widthOf([...before, ...after]) - 2);
  const drawn = out.terminal && part !== undefined && width >= 4;
  const middle: Piece[] = drawn ? [{ text: bar(part, width), colour: 'cyan' }] : [];
  return line([...before, ...middle, ...after], out.columns(), out.colours);
}

/** How an epoch went: "epoch 1/2  loss 1.500  validation loss 4.000  0:02". */
export function epochLine(words: Words, epochs: number, logs: Logs, view: View, out: Screen): string {
  const valid = logs.valLoss === undefined ? [] : [{ text: lossText(words, logs.valLoss, 'validation ') }];
  const pieces = [{ text: epochText(view.epoch, epochs) }, { text: lossText(words, logs.loss) }, ...valid];
  return line([...pieces, { text: duration(view.elapsed) }], out.columns(), out.colours);
}

/** How the run ended: "12 steps in 0:12  loss 6.500  100 characters/s". */
export function endLine(words: Words, { step }: TrainContext, end: TrainEnd, view: View): string {
  const steps = `${step} ${step === 1 ? 'step' : 'steps'} in ${duration(view.elapsed)}`;
  if (end.reason === 'completed')
    return [steps, lossText(words, view.loss), rateText(words, view.rate)].join('  ');
  return end.reason === 'stopped' ? `stopped after ${steps}: ${end.why}` : `failed after ${steps}`;
}
