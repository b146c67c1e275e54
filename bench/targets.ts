import type { Row } from './rows.js';

/** One line of what has to be reached. */
export interface Target {
  readonly what: string;
  readonly floor: number;
  readonly aim: number;
  /** Undefined where a row is missing. */
  readonly got: number | undefined;
  /** Told in per cent. */
  readonly share: boolean;
  /** Less is better. */
  readonly atMost: boolean;
  /** What our products alone would get at the machine's GEMM peak; undefined where that bounds nothing. */
  readonly ceiling?: number | undefined;
}
export type Verdict = 'pass' | 'short' | 'missing';

export function verdict({ floor, got, atMost }: Target): Verdict {
  if (got === undefined) return 'missing';
  return (atMost ? got <= floor : got >= floor) ? 'pass' : 'short';
}

/** Shapes of the sizes that have targets. */
const shape = { S: { B: 32, T: 50, H: 128 }, L: { B: 64, T: 100, H: 256 }, step: { B: 1, T: 1, H: 128 } };
type Where = { size: keyof typeof shape; measure: string; cell: string };

/** The rows of one place. */
class Place {
  constructor(
    readonly rows: readonly Row[],
    readonly where: Where,
  ) {}

  row(name: string): Row | undefined {
    const { size, measure, cell } = this.where;
    const { B, T, H } = shape[size];
    return this.rows.find(
      (r) =>
        r.name === name && r.measure === measure && r.cell === cell && r.B === B && r.T === T && r.H === H,
    );
  }
  /** How many times slower the other one is. */
  ahead(ours: string, theirs: string): number | undefined {
    return ratio(this.row(theirs)?.medianMs, this.row(ours)?.medianMs);
  }
  /** The same, were ours to do its products at the peak and nothing else. */
  ceiling(ours: string, theirs: string): number | undefined {
    const [best, row] = [peakOf(this.rows), this.row(ours)];
    const atPeak = best && row && (row.gflops * row.medianMs) / gflopsAtBest(best);
    return ratio(this.row(theirs)?.medianMs, atPeak);
  }
}

const ratio = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined ? undefined : a / b;
/** (whole − part) / whole */
const rest = (whole: number | undefined, part: number | undefined) =>
  whole === undefined || part === undefined ? undefined : Math.max(0, 1 - part / whole);

const forwardAndBack = ['forward', 'gradients'] as const;
/** A ratio of times. */
const plain = { share: false, atMost: false };
type Pair = readonly [floor: number, aim: number];

/** `ours` against `theirs`, in places, forward and forward + backward. */
function against(
  rows: readonly Row[],
  [ours, theirs]: readonly [string, string],
  at: readonly ('S' | 'L')[],
  cells: readonly string[],
  marks: { readonly forward: Pair; readonly gradients?: Pair },
): Target[] {
  return cells.flatMap((cell) =>
    at.flatMap((size) =>
      forwardAndBack.flatMap((measure) => {
        const mark = marks[measure];
        if (!mark) return [];
        const place = new Place(rows, { size, measure, cell });
        const got = place.ahead(ours, theirs);
        return [
          {
            what: `${ours} vs ${theirs}, ${cell} ${size} ${measure}`,
            floor: mark[0],
            aim: mark[1],
            got,
            ceiling: place.ceiling(ours, theirs),
            ...plain,
          },
        ];
      }),
    ),
  );
}

/** The whole table, from the rows of a run and the machine's peak in GFLOP/s. */
export function targetsOf(rows: readonly Row[]): Target[] {
  const both = (pair: Pair) => ({ forward: pair, gradients: pair });
  return [
    ...against(rows, ['native', 'packed_lstm'], ['S', 'L'], ['lstm'], both([0.85, 0.95])),
    ...against(rows, ['native', 'torch'], ['S'], ['lstm'], { forward: [1.05, 1.2], gradients: [1.15, 1.3] }),
    ...against(rows, ['native', 'torch'], ['L'], ['lstm'], { forward: [0.9, 1], gradients: [1.1, 1.25] }),
    ...against(rows, ['native', 'torch'], ['S', 'L'], ['gru-reset-after', 'vanilla'], both([1.3, 1.5])),
    ...against(rows, ['native', 'keras'], ['S', 'L'], ['lstm'], both([1.7, 2])),
    ...against(rows, ['native', 'onnxruntime'], ['S', 'L'], ['lstm'], { forward: [0.85, 1.1] }),
    ...peak(rows),
    ...against(rows, ['native on node', 'tf.layers on node'], ['S'], ['lstm'], {
      ...{ forward: [30, 60], gradients: [20, 35] },
    }),
    ...around(rows),
    ...against(rows, ['wasm on cpu', 'tf.layers on cpu'], ['S'], ['lstm'], {
      forward: [35, 60],
      gradients: [22, 30],
    }),
    ...against(rows, ['wasm on wasm', 'tf.layers on wasm'], ['S'], ['lstm'], {
      ...{ forward: [3.2, 4], gradients: [12, 17] },
    }),
    streaming(rows),
    quickstart(rows),
    observed(rows),
    ...thirdParty(rows),
    outside(rows),
  ];
}

/** GFLOP/s of the machine: the best of several BLAS. */
export function peakOf(rows: readonly Row[]): Row | undefined {
  const products = rows.filter(({ cell }) => cell === 'gemm');
  return [...products].sort((a, b) => a.minMs - b.minMs)[0];
}
/** At the fastest run. */
export const gflopsAtBest = ({ gflops, medianMs, minMs }: Row) => (gflops * medianMs) / minMs;

function peak(rows: readonly Row[]): Target[] {
  const best = peakOf(rows);
  const marks = { forward: [0.8, 0.92], gradients: [0.78, 0.9] } as const;
  return forwardAndBack.map((measure) => {
    const ours = new Place(rows, { size: 'L', measure, cell: 'lstm' }).row('native');
    const got = ratio(ours?.gflops, best && gflopsAtBest(best));
    const [floor, aim] = marks[measure];
    return {
      what: `native, share of the GEMM peak, lstm L ${measure}`,
      floor,
      aim,
      got,
      share: true,
      atMost: false,
    };
  });
}

/** What tf.js costs around the engine. */
function around(rows: readonly Row[]): Target[] {
  return (['S', 'L'] as const).flatMap((size) =>
    ['cpu', 'node'].flatMap((backend) =>
      forwardAndBack.map((measure) => {
        const place = new Place(rows, { size, measure, cell: 'lstm' });
        const got = rest(place.row(`native on ${backend}`)?.medianMs, place.row('native')?.medianMs);
        const most = backend === 'node' && size === 'S' ? 0.35 : 0.15;
        return {
          what: `tf.js' share around native on ${backend}, lstm ${size} ${measure}`,
          floor: most,
          aim: most,
          got,
          share: true,
          atMost: true,
        };
      }),
    ),
  );
}

function streaming(rows: readonly Row[]): Target {
  const place = new Place(rows, { size: 'step', measure: 'streaming', cell: 'lstm' });
  const got = place.ahead('native', 'onnxruntime-node');
  return { what: 'native vs onnxruntime-node, streaming step, lstm', floor: 1.2, aim: 2, got, ...plain };
}

function quickstart(rows: readonly Row[]): Target {
  const time = (name: string) => rows.find((r) => r.name === name)?.medianMs;
  const got = ratio(time('quickstart, ops on node'), time('quickstart, native on cpu'));
  return { what: 'quickstart, native on cpu vs ops on node', floor: 3, aim: 8, got, ...plain };
}

/** Rows of the quickstart with and without plugins that look on. */
export const observedNames = {
  without: 'quickstart, its recipe alone',
  with: 'quickstart, every observing plugin on',
} as const;

/** Their ratio in one run: at most 5 % more. */
function observed(rows: readonly Row[]): Target {
  const time = (name: string) => rows.find((r) => r.name === name)?.medianMs;
  const got = ratio(time(observedNames.with), time(observedNames.without));
  const what = 'quickstart, every observing plugin on, of its time with none';
  return { what, floor: 1.05, aim: 1.05, got, share: true, atMost: true };
}

/** A cell from outside beside the built-in one, by GFLOP/s. */
function thirdParty(rows: readonly Row[]): Target[] {
  return ['native', 'wasm on cpu'].flatMap((name) =>
    (['S', 'L'] as const).flatMap((size) =>
      forwardAndBack.map((measure) => {
        const of = (cell: string) => new Place(rows, { size, measure, cell }).row(name)?.gflops;
        const got = ratio(of('lstm-peephole'), of('lstm'));
        return {
          what: `${name}, peephole beside lstm, ${size} ${measure}`,
          floor: 0.8,
          aim: 0.8,
          got,
          share: true,
          atMost: false,
        };
      }),
    ),
  );
}

/** The recurrence is timed with dX, which the step does not need. */
function outside(rows: readonly Row[]): Target {
  const at = (measure: string) => new Place(rows, { size: 'S', measure, cell: 'lstm' });
  const got = rest(
    at('training-step').row('native on cpu')?.medianMs,
    at('gradients').row('native')?.medianMs,
  );
  return {
    what: 'training step outside the recurrence, native on cpu, lstm S',
    floor: 0.4,
    aim: 0.4,
    got,
    share: true,
    atMost: true,
  };
}
