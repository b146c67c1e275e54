import { html, type Markup } from './html.js';
import { spread } from './record.js';
import { formatNumber, formatTick, linearScale } from './scale.js';

export interface Heatmap {
  /** Unique on the page. */
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly x: string;
  readonly y: string;
  /** What the shades stand for. */
  readonly value: string;
  /** What the columns stand for: moments of training. */
  readonly columns: readonly number[];
  /** A column each, first row first; all of one length, values above 0 where they are known. */
  readonly values: readonly (readonly number[])[];
}

const width = 560;
const height = 330;
const plot = { left: 64, right: width - 14, top: 34, bottom: height - 46 };
/** At most so many cells along an axis: more are drawn as one, by their mean. */
const CELLS = 40;
const LEVELS = 10;
/** Decades below the largest value that still differ. */
const DECADES = 8;

/** Values as shades on a logarithmic scale, darker is larger, with the scale as a legend. */
export function heatmap(map: Heatmap): Markup {
  const columns = thinned(map.columns, (group) => group[0] as number);
  const byColumn = thinned(map.values, meanColumns);
  const cells = byColumn.map((column) => thinned(column.map(Math.log10), meanOf));
  const known = cells.flat().filter(Number.isFinite);
  const high = known.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const low = Math.max(
    known.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    high - DECADES,
  );
  const level = (v: number) =>
    high > low
      ? Math.min(LEVELS - 1, Math.max(0, Math.floor(((v - low) / (high - low)) * LEVELS)))
      : LEVELS - 1;
  return html`<figure id="${map.id}">
<figcaption><h3>${map.title}</h3><p>${map.note}</p>${known.length > 0 ? legend(map.value, low, high) : undefined}</figcaption>
${known.length === 0 ? html`<p class="empty">Nothing was recorded.</p>` : svg(map, columns, cells, level)}
</figure>
`;
}

/** Neighbours joined, so that at most CELLS are left. */
function thinned<T, R>(items: readonly T[], join: (group: readonly T[]) => R): R[] {
  const size = Math.ceil(items.length / CELLS);
  const count = Math.ceil(items.length / Math.max(1, size));
  return Array.from({ length: count }, (_, i) => join(items.slice(i * size, (i + 1) * size)));
}
function meanOf(values: readonly number[]): number {
  const known = values.filter(Number.isFinite);
  return known.length > 0 ? known.reduce((a, b) => a + b) / known.length : Number.NaN;
}
const meanColumns = (group: readonly (readonly number[])[]) =>
  (group[0] ?? []).map((_, t) => meanOf(group.map((column) => column[t] as number)));

function svg(
  map: Heatmap,
  columns: readonly number[],
  cells: readonly (readonly number[])[],
  level: (v: number) => number,
): Markup {
  const rows = cells[0]?.length ?? 0;
  const w = (plot.right - plot.left) / columns.length;
  const h = (plot.bottom - plot.top) / rows;
  const paths = Array.from({ length: LEVELS }, () => '');
  cells.forEach((column, c) => {
    column.forEach((v, r) => {
      if (!Number.isFinite(v)) return;
      const [x, right] = [c, c + 1].map((i) => round(plot.left + i * w));
      const [bottom, y] = [r, r + 1].map((i) => round(plot.bottom - i * h));
      paths[level(v)] += `M${x} ${y}H${right}V${bottom}H${x}z`;
    });
  });
  const count = map.values[0]?.length ?? 0;
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${map.id}-t ${map.id}-d">
<title id="${map.id}-t">${map.title}</title><desc id="${map.id}-d">${describe(map)}</desc>
${paths.map((d, i) => (d === '' ? html`` : html`<path class="heat" fill-opacity="${shade(i)}" d="${d}"/>`))}
<text class="label" x="0" y="14">${map.y}</text>
${timeTicks(count)}
${stepTicks(columns)}
<text class="label" x="${plot.right}" y="${height - 6}" text-anchor="end">${map.x}</text>
</svg>`;
}

/** Labels of rows at their middles: the first, and round ones. */
function timeTicks(count: number): Markup[] {
  const round5 = linearScale(1, Math.max(2, count), 5, true).ticks.filter(
    (t) => Number.isInteger(t) && t <= count,
  );
  const ticks = [1, ...round5.filter((t) => t > count / 12)];
  const y = (t: number) => plot.bottom - ((t - 0.5) / count) * (plot.bottom - plot.top) + 4;
  return ticks.map(
    (t) => html`<text class="tick" x="${plot.left - 8}" y="${round(y(t))}" text-anchor="end">${t}</text>
`,
  );
}

/** Labels of up to six columns at their middles. */
function stepTicks(columns: readonly number[]): Markup[] {
  const x = (c: number) => plot.left + ((c + 0.5) / columns.length) * (plot.right - plot.left);
  return spread([...columns.entries()], 6).map(
    ([c, step]) =>
      html`<text class="tick" x="${round(x(c))}" y="${plot.bottom + 19}" text-anchor="middle">${formatTick(step)}</text>
`,
  );
}

const shade = (level: number) => round(0.06 + (0.94 * level) / (LEVELS - 1), 2);
const round = (value: number, digits = 1) => Number(value.toFixed(digits));

function legend(value: string, low: number, high: number): Markup {
  const swatches = Array.from(
    { length: LEVELS },
    (_, i) =>
      html`<rect class="heat" fill-opacity="${shade(i)}" x="${i * 12}" y="0" width="12" height="10"/>`,
  );
  const end = (power: number) => formatNumber(10 ** power, 2);
  return html`<p class="heat-scale">${value}: ${end(low)} <svg viewBox="0 0 ${LEVELS * 12} 10" width="${LEVELS * 12}" height="10" aria-hidden="true">${swatches}</svg> ${end(high)}</p>`;
}

function describe({ x, y, columns, values }: Heatmap): string {
  const [first, last] = [values[0] ?? [], values.at(-1) ?? []];
  const ends = (column: readonly number[]) =>
    `${formatNumber(column[0] ?? Number.NaN)} at the first, ${formatNumber(column.at(-1) ?? Number.NaN)} at the last`;
  return `Shades over ${x} and ${y}. At ${x} ${columns[0]}: ${ends(first)}. At ${columns.at(-1)}: ${ends(last)}.`;
}
