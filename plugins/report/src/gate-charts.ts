import { lineChart, type Point } from './chart.js';
import { percent } from './charts.js';
import { heatmap } from './heatmap.js';
import type { Markup } from './html.js';
import type { GateMoment, RunRecord } from './record.js';
import { grouped } from './record.js';
import { categories } from './style.js';

/** The share of saturated activations of each gate over training, one chart a layer. */
export function gateCharts({ gates }: RunRecord): Markup[] {
  const layers = grouped(gates, ({ layer }) => layer);
  return [...layers].map(([layer, moments], i) => gateChart(layer, moments, i));
}

function gateChart(layer: string, moments: readonly GateMoment[], index: number): Markup {
  const names = Object.keys(moments[0]?.gates ?? {});
  const last = moments.at(-1)?.gates ?? {};
  const told = names.map((name) => {
    const { low = 0, high = 0 } = last[name] ?? {};
    return `${name} ${percent(low)} low, ${percent(high)} high`;
  });
  return lineChart({
    id: `gates-${index}`,
    title: `Gate saturation, ${layer}`,
    note: `Share of a gate's activations within 0.1 of one of its ends. At the last look: ${told.join('; ')}.`,
    x: 'step',
    y: 'share saturated',
    series: names.map((name, i) => ({
      name,
      points: moments.map(({ step, gates }): Point => [step, sumOf(gates[name])]),
      tone: categories[i % categories.length] as string,
    })),
  });
}
const sumOf = (use: GateMoment['gates'][string] | undefined) => (use ? use.low + use.high : Number.NaN);

/** ‖δs_t‖ over training and time steps, one map a layer and state. */
export function flowMaps({ flows }: RunRecord): Markup[] {
  const groups = grouped(flows, ({ layer, state }) => JSON.stringify([layer, state]));
  return [...groups.values()].flatMap((group, i) => {
    const [{ layer, state, norms } = { layer: '', state: '', norms: [] }] = group;
    // batches of another length do not fit in
    const alike = group.filter((flow) => flow.norms.length === norms.length);
    if (alike.length < 2) return [];
    return [
      heatmap({
        id: `flow-map-${i}`,
        title: `Gradient flow over training, ‖δ${state}ₜ‖ of ${layer}`,
        note: `Each column is a moment of training, each row a time step. Faint at the bottom: the gradient fades on its way back in time; strong there: it builds up.`,
        x: 'step',
        y: 'time step t',
        value: `‖δ${state}ₜ‖₂`,
        columns: alike.map(({ step }) => step),
        values: alike.map((flow) => flow.norms),
      }),
    ];
  });
}
