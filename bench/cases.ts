/** What is measured: one cell at one size, one measure. Plain data, handed to every worker as JSON. */
export interface Case {
  readonly cell: CellName;
  readonly size: string;
  readonly measure: Measure;
  /** Of the row: streaming is B = T = 1. */
  readonly B: number;
  readonly T: number;
  readonly I: number;
  readonly H: number;
}

export const measures = ['forward', 'gradients', 'training-step', 'streaming'] as const;
export type Measure = (typeof measures)[number];

/** The peephole LSTM stands for a third party's cell: own engines alone run it. */
export const cells = ['vanilla', 'lstm', 'gru-reset-after', 'lstm-peephole'] as const;
export type CellName = (typeof cells)[number];

type Size = Pick<Case, 'B' | 'T' | 'I' | 'H'>;
export const sizes = {
  L: { B: 64, T: 100, I: 128, H: 256 },
  S: { B: 32, T: 50, I: 64, H: 128 },
  one: { B: 1, T: 50, I: 16, H: 32 },
  long: { B: 8, T: 100, I: 32, H: 32 },
} satisfies Record<string, Size>;
export type SizeName = keyof typeof sizes;

/** `--quick` measures nothing real: it shows that everything runs. */
const tiny: Size = { B: 3, T: 5, I: 4, H: 6 };

/** Classes of the head in a training step. */
export const CLASSES = 80;
/** Steps whose outputs are compared before streaming is timed. */
export const STREAM = 20;

/** Gate blocks of W [I, wH], R [H, rH] and b [bH], in this project's order. */
export const gates: Readonly<Record<CellName, { w: number; r: number; b: number; vectors: number }>> = {
  vanilla: { w: 1, r: 1, b: 1, vectors: 0 },
  lstm: { w: 4, r: 4, b: 4, vectors: 0 },
  // W: z r n, R: z r q, b: z r n q
  'gru-reset-after': { w: 3, r: 3, b: 4, vectors: 0 },
  'lstm-peephole': { w: 4, r: 4, b: 4, vectors: 3 },
};

export interface Selection {
  readonly sizes: readonly SizeName[];
  readonly cells: readonly CellName[];
  readonly measures: readonly Measure[];
  readonly quick: boolean;
}

/** A cell from outside: the recurrence alone, at the sizes that have targets. */
const showsThirdParty = ({ size, measure }: Case) =>
  measure !== 'training-step' && size !== 'one' && size !== 'long';

/** The peephole LSTM right after the LSTM that it is compared with. */
const order: readonly CellName[] = ['lstm', 'lstm-peephole', 'gru-reset-after', 'vanilla'];

/** In the order of measuring; lstm gradients come first in each size, where a fresh process shows its peak memory. */
export function casesOf({ sizes: names, cells: chosen, measures: wanted, quick }: Selection): Case[] {
  const sized = quick ? [['tiny', tiny] as const] : names.map((name) => [name, sizes[name]] as const);
  const list = sized.flatMap(([size, shape]) =>
    (['gradients', 'forward', 'training-step'] as const)
      .filter((measure) => wanted.includes(measure))
      .flatMap((measure) => chosen.map((cell) => ({ cell, size, measure, ...shape })))
      .filter((one) => one.cell !== 'lstm-peephole' || showsThirdParty(one))
      .sort((a, b) => order.indexOf(a.cell) - order.indexOf(b.cell)),
  );
  if (!wanted.includes('streaming')) return list;
  const { I, H } = quick ? tiny : sizes.S;
  const streamed = chosen.filter((cell) => cell !== 'lstm-peephole');
  return [
    ...list,
    ...streamed.map((cell): Case => ({ cell, size: 'step', measure: 'streaming', B: 1, T: 1, I, H })),
  ];
}

/** GFLOP of the products alone: 2 B T (I w + H r) H forward, three times that with all gradients. */
export function gflop({ cell, measure, B, T, I, H }: Case): number {
  const { w, r } = gates[cell];
  const forward = 2 * B * T * (I * w + H * r) * H;
  const head = 2 * B * T * H * CLASSES;
  if (measure === 'training-step') return (3 * (forward + head)) / 1e9;
  return (measure === 'gradients' ? 3 * forward : forward) / 1e9;
}
