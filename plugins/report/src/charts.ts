import { type Chart, lineChart, type Point } from './chart.js';
import type { Markup } from './html.js';
import { type Flow, grouped, type RunRecord, type Sample, spread } from './record.js';

/** How the loss is shown: its unit, and what one nat is in it. */
export interface LossUnit {
  readonly label: string;
  readonly scale: number;
}
/** log₂ e bits are one nat. */
export const bitsPerCharacter: LossUnit = { label: 'bits per character', scale: Math.LOG2E };

/** A value to compare the loss with, in its unit. */
export interface Reference {
  readonly label: string;
  readonly value: number;
}

const drawnPoints = 400;
const drawnMoments = 5;
/** Classes `ramp-0` … `ramp-5` of the style sheet. */
const lastTone = 5;

/** The loss over steps, smoothed and raw, with the validation points and what they are compared with. */
export function lossChart(
  { samples, validations }: RunRecord,
  unit: LossUnit,
  references: readonly Reference[],
): Markup {
  const raw = samples.map(({ step, loss }): Point => [step, loss * unit.scale]);
  const held = validations.map(({ step, loss }): Point => [step, loss * unit.scale]);
  return lineChart({
    id: 'loss',
    title: 'Loss',
    note: 'Training loss, step by step and smoothed, and the loss on held-out data where it was measured.',
    x: 'step',
    y: unit.label,
    series: [
      { name: 'training', points: bucketed(raw), tone: 'tone-a', kind: 'faint' },
      { name: 'training, smoothed', points: bucketed(smoothed(raw)), tone: 'tone-a' },
      { name: 'held out', points: held, tone: 'tone-b', kind: 'dots' },
    ],
    references,
  });
}

/** The norm of all gradients before and after clipping. */
export function normChart({ samples }: RunRecord): Markup {
  const before = pick(samples, (sample) => sample.gradientNorm);
  const after = pick(samples, (sample) => sample.gradientNormClipped);
  const share = clippedShare(samples);
  const clipped = share === undefined ? '' : ` Clipped on ${percent(share)} of the recorded steps.`;
  return lineChart({
    id: 'gradient-norm',
    title: 'Gradient norm',
    note: `‖g‖₂ over all weights, before and after clipping.${clipped}`,
    x: 'step',
    y: '‖g‖₂ (log scale)',
    log: true,
    series: [
      { name: 'before clipping', points: bucketed(before), tone: 'tone-b', kind: 'thin' },
      { name: 'after clipping', points: bucketed(after), tone: 'tone-a', kind: 'thin' },
    ],
  });
}

/** ‖δs_t‖ over time steps, one chart a layer and state, several moments of training in each. */
export function flowCharts({ flows }: RunRecord): Markup[] {
  const groups = grouped(flows, ({ layer, state }) => JSON.stringify([layer, state]));
  const layers = new Set(flows.map(({ layer }) => layer));
  return [...groups.values()].map((group, i) => lineChart(flowChart(group, i, layers.size > 1)));
}

function flowChart(group: readonly Flow[], index: number, nameLayer: boolean): Chart {
  const { layer, state } = group[0] as Flow;
  const moments = spread(group, drawnMoments);
  return {
    id: `flow-${index}`,
    title: `Gradient flow ‖δ${state}ₜ‖${nameLayer ? `, ${layer}` : ''}`,
    note: `How much gradient reaches ${state} at each time step of a window. It comes from the right: it falls to the left where it fades on its way back in time, and rises where it builds up.`,
    x: 'time step t',
    y: `‖δ${state}ₜ‖₂ (log scale)`,
    log: true,
    series: moments.map(({ step, norms }, i) => ({
      name: `step ${step.toLocaleString('en-US')}`,
      points: norms.map((norm, t): Point => [t + 1, norm]),
      tone: `ramp-${moments.length === 1 ? lastTone : Math.round((i * lastTone) / (moments.length - 1))}`,
    })),
  };
}

/** Share of the samples whose gradients were made smaller; undefined where none tells. */
export function clippedShare(samples: readonly Sample[]): number | undefined {
  const known = samples.filter((s) => s.gradientNorm !== undefined && s.gradientNormClipped !== undefined);
  if (known.length === 0) return undefined;
  const clipped = known.filter(
    (s) => (s.gradientNormClipped as number) < (s.gradientNorm as number) * (1 - 1e-5),
  );
  return clipped.length / known.length;
}

/** 0.5 → "50 %", 0.0004 → "0.04 %". */
export const percent = (share: number) =>
  `${Number((share * 100).toFixed(share < 0.01 ? 2 : share < 0.1 ? 1 : 0))} %`;

function pick(samples: readonly Sample[], value: (sample: Sample) => number | undefined): Point[] {
  return samples.flatMap((sample): Point[] => {
    const y = value(sample);
    return y === undefined ? [] : [[sample.step, y]];
  });
}

/** Mean over a centred window of a 20th of the run, shorter towards the ends so that it never leans to one side. */
export function smoothed(points: readonly Point[]): Point[] {
  const finite = points.filter(([, y]) => Number.isFinite(y));
  const sums = [0];
  for (const [, y] of finite) sums.push((sums.at(-1) as number) + y);
  const reach = Math.floor(finite.length / 40);
  return finite.map(([x], i): Point => {
    const r = Math.min(reach, i, finite.length - 1 - i);
    return [x, ((sums[i + r + 1] as number) - (sums[i - r] as number)) / (2 * r + 1)];
  });
}

/** At most `drawnPoints` points: neighbours are drawn as their mean, at the last of them. */
export function bucketed(points: readonly Point[]): Point[] {
  const size = Math.ceil(points.length / drawnPoints);
  if (size <= 1) return [...points];
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i): Point => {
    const bucket = points.slice(i * size, (i + 1) * size);
    const [x] = bucket.at(-1) as Point;
    return [x, bucket.reduce((sum, [, y]) => sum + y, 0) / bucket.length];
  });
}
