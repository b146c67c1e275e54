import type { Machine } from '../machine.js';
import { efficiency, fit, type Link, networks, type Step } from './model.js';
import type { Found } from './rank.js';

type Size = { readonly B: number; readonly T: number; readonly I: number; readonly H: number };
/** What was measured here. */
export interface Measured {
  readonly machine: Machine;
  readonly sizes: Readonly<Record<string, Size>>;
  /** Size L: one process with two threads, then two ranks with one each, in turns. */
  readonly turns: readonly { readonly one: Found; readonly two: Found }[];
  readonly four: Found;
  /** By size, one rank with one thread. */
  readonly single: Readonly<Record<string, Found>>;
  /** Of two ranks to one process, the median of the turns. */
  readonly ratio: number;
  readonly ratios: readonly number[];
}
interface Prediction {
  readonly size: string;
  readonly network: string;
  readonly ranks: number;
  readonly efficiency: number;
}
export interface Report extends Measured {
  /** α + β n of all-reduces of two ranks on this machine: measured. */
  readonly here: Link;
  readonly predicted: readonly Prediction[];
}

export const RANKS = [8, 16, 32, 64, 128, 256, 512, 1024];

export function predict(measured: Measured): Report {
  const { turns, single } = measured;
  const here = fit(
    'this machine, two ranks',
    turns.flatMap(({ two }) => two.allReduces),
  );
  const predicted = Object.entries(single).flatMap(([size, found]) => {
    const step: Step = { name: size, ...found };
    return networks.flatMap((link) =>
      RANKS.map((ranks) => ({
        ...{ size, network: link.name, ranks },
        efficiency: efficiency(ranks, step, link, found.addMs),
      })),
    );
  });
  return { ...measured, here, predicted };
}

const percent = (share: number) => `${(100 * share).toFixed(share > 0.995 && share < 1 ? 1 : 0)} %`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map((_, i) => (i === 0 ? '---' : '--:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');

/** The largest difference of single losses: of four ranks and one process. */
function difference({ turns, four }: Measured): number {
  const one = turns[0]?.one.losses ?? [];
  return Math.max(...four.losses.map((loss, i) => Math.abs(loss - (one[i] ?? loss))));
}

/** Markdown: what was measured, and what is predicted from it. */
export function report(found: Report): string {
  const { machine, sizes, turns, four, single, ratio, ratios, here, predicted } = found;
  const middle = (of: (turn: (typeof turns)[number]) => number) =>
    [...turns.map(of)].sort((a, b) => a - b)[Math.floor(turns.length / 2)]!;
  const { B, T, I, H } = sizes.L!;
  const measured = table(
    ['measured', 'ms a step', 'bytes reduced a step'],
    [
      ['L, one process, two threads', middle(({ one }) => one.stepMs).toFixed(1), '0'],
      ['L, two ranks, one thread each', middle(({ two }) => two.stepMs).toFixed(1), `${four.gradientBytes}`],
      [`L, four ranks on ${machine.cores} cores`, four.stepMs.toFixed(1), `${four.gradientBytes}`],
      ...Object.entries(single).map(([name, one]) => [
        `${name}, one rank, one thread`,
        one.stepMs.toFixed(1),
        '0',
      ]),
    ],
  );
  const reductions = turns[0]!.two.allReduces.map(({ bytes }, i) => {
    const ms = middle(({ two }) => two.allReduces[i]!.ms);
    return [`${bytes}`, ms.toFixed(4), (here.α + here.β * bytes).toFixed(4)];
  });
  const rows = Object.entries(sizes).flatMap(([size, { B, T, I, H }]) =>
    networks.map(({ name }) => [
      `${size}: B ${B}, T ${T}, I ${I}, H ${H}; ${name}`,
      ...RANKS.map((p) =>
        percent(
          predicted.find((one) => one.size === size && one.network === name && one.ranks === p)!.efficiency,
        ),
      ),
    ]),
  );
  return [
    `${machine.date} UTC; ${machine.cpu}, ${machine.cores} cores, load ${machine.load[0]!.toFixed(1)} at the start.`,
    `**Measured**, size L being B ${B}, T ${T}, I ${I}, H ${H} in all. Two ranks take ${ratio.toFixed(3)} times what one process takes ` +
      `(turns: ${ratios.map((r) => r.toFixed(3)).join(', ')}); losses of four ranks differ from its by ${difference(found).toExponential(0)} at most.`,
    measured,
    `All-reduces of two ranks here, and the line α + β n through them: α = ${(1e3 * here.α).toFixed(1)} µs, 1/β = ${(1e-6 / here.β).toFixed(1)} GB/s.`,
    table(['bytes', 'ms measured', 'ms fitted'], reductions),
    '**Predicted**, nothing of it measured: t(1)/t(p), where every rank has a host of its own and B rows. The step, the packing and the ' +
      `adding are those measured here with one rank; the networks are assumed: ${networks.map(({ name, α, β }) => `${name} with α = ${1e3 * α} µs and ${(1e-6 / β).toFixed(2)} GB/s`).join(', ')}.`,
    table(['ranks', ...RANKS.map(String)], rows),
  ].join('\n\n');
}

/** The page with the report between its marks. */
export function withReport(page: string, found: Report): string {
  return page.replace(
    /<!-- scaling -->[\s\S]*<!-- \/scaling -->/,
    `<!-- scaling -->\n\n${report(found)}\n\n<!-- /scaling -->`,
  );
}
