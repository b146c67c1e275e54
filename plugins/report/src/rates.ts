import type { Optimizer } from '@tensorflow/tfjs-core';
import { lineChart, type Point } from './chart.js';
import { bucketed } from './charts.js';
import type { Markup } from './html.js';
import type { RunRecord, Sample } from './record.js';
import { categories } from './style.js';

/** The learning rates of an optimizer as they are now: its own, and those of groups of weights that go by others. */
export function ratesOf(optimizer: Optimizer): Pick<Sample, 'learningRate' | 'groupRates'> {
  const { learningRate } = optimizer as { learningRate?: unknown };
  const { groups } = (optimizer.getConfig?.() ?? {}) as { groups?: readonly Group[] };
  const own = (groups ?? []).filter((group) => group.learningRate !== undefined);
  return {
    ...(typeof learningRate === 'number' && { learningRate }),
    ...(own.length > 0 && {
      groupRates: Object.fromEntries(own.map((group) => [nameOf(group), group.learningRate as number])),
    }),
  };
}
interface Group {
  readonly weights: readonly string[] | string;
  readonly learningRate?: number;
}

function nameOf({ weights }: Group): string {
  if (typeof weights === 'string') return weights;
  return weights.length <= 2 ? weights.join(', ') : `${weights[0]} and ${weights.length - 1} more`;
}

/** The learning rate over steps, of each group of weights; none where the optimizer tells none. */
export function rateChart({ samples }: RunRecord): Markup | undefined {
  const pick = (value: (sample: Sample) => number | undefined): Point[] =>
    bucketed(
      samples.flatMap(
        (sample) => [value(sample)].flatMap((y) => (y === undefined ? [] : [[sample.step, y]])) as Point[],
      ),
    );
  const points = pick((sample) => sample.learningRate);
  if (points.length === 0) return undefined;
  const names = [...new Set(samples.flatMap(({ groupRates = {} }) => Object.keys(groupRates)))];
  const groups = names.map((name, i) => ({
    ...{ name, points: pick(({ groupRates }) => groupRates?.[name]) },
    tone: categories[(i + 1) % categories.length] as string,
  }));
  return lineChart({
    id: 'learning-rate',
    title: 'Learning rate',
    note: groups.length === 0 ? 'Of every update.' : 'Of every update, by groups of weights.',
    x: 'step',
    y: 'η',
    fromZero: true,
    series: [{ name: groups.length === 0 ? 'η' : 'all others', points, tone: 'tone-a' }, ...groups],
  });
}
