import { useBackend } from '@gatewise/backends';
import { type Tutorial, table } from '@gatewise/example-figures';
import { adding, contestants, epochOf, learn } from '@gatewise/example-tasks';
import { sgd } from '@gatewise/optimisers';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { charts } from './charts.js';
import { cliff } from './cliff.js';

type Point = [w: number, b: number];

// #region descend
/** Down the gradient for `steps` steps; a gradient longer than v is made v long, its direction is kept. */
export function descend(start: Point, rate: number, steps: number, v: number): Point[] {
  let [w, b] = start;
  const path: Point[] = [[w, b]];
  for (let step = 0; step < steps; step++) {
    const { dw, db } = cliff(w, b);
    const norm = Math.hypot(dw, db);
    // if ‖g‖ > v then g ← g v / ‖g‖
    const scale = norm > v ? v / norm : 1;
    w -= rate * scale * dw;
    b -= rate * scale * db;
    path.push([w, b]);
  }
  return path;
}
// #endregion

// #region outcome
const middle: Point = [5, -2];
/** Where a descent ended. The map is 4 wide; `thrown out` is more than 4 away from its middle. */
function outcome([w, b]: Point): 'arrived' | 'thrown out' | 'on its way' {
  if (cliff(w, b).E < 1e-4) return 'arrived';
  const away = Math.hypot(w - middle[0], b - middle[1]);
  return away < 4 ? 'on its way' : 'thrown out';
}
// #endregion

/** Starts on a grid over the map. */
const starts = (side: number): Point[] =>
  Array.from({ length: side * side }, (_, n) => [
    3 + (4 * (Math.floor(n / side) + 0.5)) / side,
    -4 + (4 * ((n % side) + 0.5)) / side,
  ]);

const [adds, vanilla] = [adding(20), contestants.find(({ name }) => name === 'vanilla')!];

// #region network
/** Trains a vanilla network of 32 units on sums by plain gradient descent: its held-out loss, or null if it broke. */
async function network(
  rate: number,
  seed: number,
  steps: number,
  maxNorm: number | null,
): Promise<number | null> {
  const model = adds.model(32, vanilla, seed);
  const curve = await learn(
    model,
    adds.loss,
    { batches: epochOf(adds, 32, steps, seed), validation: epochOf(adds, 500, 1, 1000) },
    {
      ...{ epochs: 1, seed, optimizer: sgd({ learningRate: rate }) },
      plugins: maxNorm === null ? [] : [clipByGlobalNorm({ maxNorm })],
    },
  );
  model.dispose();
  return curve?.at(-1) ?? null;
}
// #endregion

/** A network that always answers with the mean sum, 1, has this loss: the variance of a sum of two numbers of [0,1). */
export const KNOWS_NOTHING = 1 / 6;
const V = 1;
const START: Point = [5.5, -2.2];

interface Counts {
  readonly rate: number;
  readonly clipping: string;
}
export interface Figures {
  readonly v: number;
  readonly paths: { clipping: string; points: Point[]; end: Point; outcome: string }[];
  readonly descents: (Counts & { starts: number; arrived: number; thrownOut: number })[];
  /** `broke`: a loss of NaN or infinity; `lost`: worse than knowing nothing. */
  readonly networks: (Counts & { seeds: number; broke: number; lost: number; best: number | null })[];
}

const ways = [
  { clipping: 'without', v: Number.POSITIVE_INFINITY },
  { clipping: `to ${V}`, v: V },
];

function descents(side: number, steps: number): Figures['descents'] {
  return [0.03, 0.1, 0.3, 1].flatMap((rate) =>
    ways.map(({ clipping, v }) => {
      const ends = starts(side).map((start) => outcome(descend(start, rate, steps, v).at(-1)!));
      const count = (what: string) => ends.filter((end) => end === what).length;
      return {
        rate,
        clipping,
        starts: ends.length,
        arrived: count('arrived'),
        thrownOut: count('thrown out'),
      };
    }),
  );
}

async function networks(seeds: number, steps: number): Promise<Figures['networks']> {
  const all: Figures['networks'] = [];
  for (const rate of [0.03, 0.1, 0.3]) {
    for (const { clipping, v } of ways) {
      const losses: number[] = [];
      for (let seed = 1; seed <= seeds; seed++) {
        losses.push((await network(rate, seed, steps, Number.isFinite(v) ? v : null)) ?? Number.NaN);
      }
      const whole = losses.filter((loss) => Number.isFinite(loss));
      const lost = whole.filter((loss) => loss > KNOWS_NOTHING).length;
      const best = whole.length > 0 ? Math.min(...whole) : null;
      all.push({ rate, clipping, seeds, broke: seeds - whole.length, lost, best });
    }
  }
  return all;
}

/** A path for the map: up to the first point off it, without those that lie on one another. */
function drawn(path: readonly Point[]): Point[] {
  const off = path.findIndex((point) => outcome(point) === 'thrown out');
  const points: Point[] = [];
  for (const [w, b] of path.slice(0, off < 0 ? path.length : off + 1)) {
    const last = points.at(-1);
    if (!last || Math.hypot(w - last[0], b - last[1]) > 0.03) {
      points.push([Number(w.toFixed(3)), Number(b.toFixed(3))]);
    }
  }
  return points;
}

async function run(length: 'short' | 'full'): Promise<Figures> {
  await useBackend('cpu');
  const full = length === 'full';
  const paths = ways.map(({ clipping, v }) => {
    const path = descend(START, 0.1, 2000, v);
    return { clipping, points: drawn(path), end: path.at(-1)!, outcome: outcome(path.at(-1)!) };
  });
  return {
    ...{ v: V, paths },
    descents: descents(full ? 20 : 4, full ? 2000 : 300),
    networks: await networks(full ? 16 : 1, full ? 400 : 40),
  };
}

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ descents: all, networks: nets }) => ({
    descents: table(
      ['learning rate', 'clipping', 'starts', 'arrived', 'thrown out', 'still on the map'],
      all.map((d) => [
        d.rate,
        d.clipping,
        d.starts,
        d.arrived,
        d.thrownOut,
        d.starts - d.arrived - d.thrownOut,
      ]),
    ),
    networks: table(
      ['learning rate', 'clipping', 'networks', 'broke', 'worse than knowing nothing', 'best held-out loss'],
      nets.map((n) => [n.rate, n.clipping, n.seeds, n.broke, n.lost, n.best?.toFixed(3) ?? 'none']),
    ),
  }),
  charts,
};
