import { html, type Markup } from './html.js';
import { formatNumber, formatPower, formatTick, linearScale, logScale } from './scale.js';

export type Point = readonly [x: number, y: number];
interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** A class of the style sheet that sets the colour: `tone-a`, `tone-b`, `ramp-0` … */
  readonly tone: string;
  /** `thin`: for a curve that jumps; `faint`: for one behind another; `dots`: points alone. */
  readonly kind?: 'line' | 'thin' | 'faint' | 'dots';
}
export interface Chart {
  /** Unique on the page. */
  readonly id: string;
  readonly title: string;
  /** One sentence on what is seen, below the title. */
  readonly note: string;
  readonly x: string;
  readonly y: string;
  readonly log?: boolean;
  /** The axis of values begins at 0. */
  readonly fromZero?: boolean;
  readonly series: readonly Series[];
  /** Values to compare with, drawn across. */
  readonly references?: readonly { readonly label: string; readonly value: number }[];
}

const width = 560;
const height = 330;
const plot = { left: 64, right: width - 14, top: 34, bottom: height - 46 };

/** A line chart as a figure: title, note, legend and an SVG that a screen reader reads as one picture. */
export function lineChart(chart: Chart): Markup {
  const drawable = chart.series.map((series) => ({
    ...series,
    points: series.points.filter(
      ([x, y]) => Number.isFinite(x) && Number.isFinite(y) && (!chart.log || y > 0),
    ),
  }));
  const shown = drawable.filter(({ points }) => points.length > 0);
  return html`<figure id="${chart.id}">
<figcaption><h3>${chart.title}</h3><p>${chart.note}</p>${legend(shown)}</figcaption>
${shown.length === 0 ? html`<p class="empty">Nothing was recorded.</p>` : svg(chart, shown)}
</figure>
`;
}

function legend(series: readonly Series[]): Markup {
  const entries = series.map(
    ({ name, tone, kind = 'line' }) =>
      html`<li><svg class="swatch" viewBox="0 0 22 10" aria-hidden="true">${swatch(tone, kind)}</svg>${name}</li>`,
  );
  return html`<ul class="legend">${entries}</ul>`;
}

function swatch(tone: string, kind: string): Markup {
  if (kind === 'dots') return html`<circle class="dots ${tone}" cx="11" cy="5" r="3.5"/>`;
  return html`<path class="${kind} ${tone}" d="M1 5H21"/>`;
}

function svg(chart: Chart, series: readonly Series[]): Markup {
  const { x, y } = scales(chart, series);
  const px = (value: number) => plot.left + x.at(value) * (plot.right - plot.left);
  const py = (value: number) => plot.bottom - y.at(value) * (plot.bottom - plot.top);
  const isWide = chart.log === true && (y.ticks[0] as number) * 1e5 <= (y.ticks.at(-1) as number);
  const label = (tick: number) => (isWide ? formatPower(tick) : formatTick(tick));
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${chart.id}-t ${chart.id}-d">
<title id="${chart.id}-t">${chart.title}</title><desc id="${chart.id}-d">${describe(chart, series)}</desc>
${y.ticks.map((tick) => horizontal(label(tick), py(tick)))}
${x.ticks.map((tick) => vertical(tick, px(tick)))}
<text class="label" x="0" y="14">${chart.y}</text>
<text class="label" x="${plot.right}" y="${height - 6}" text-anchor="end">${chart.x}</text>
${(chart.references ?? []).map(({ label, value }) => reference(label, round(py(value))))}
${series.map((one) => draw(one, px, py))}
</svg>`;
}

function scales({ log, fromZero, series: all, references = [] }: Chart, series: readonly Series[]) {
  // A point that cannot be drawn, such as a zero on a logarithmic axis, still has its place in time.
  const times = all.flatMap(({ points }) => points.map(([x]) => x));
  const [x0, x1] = extent(times.filter(Number.isFinite));
  const values = series.flatMap(({ points }) => points.map(([, y]) => y));
  const [y0, y1] = extent([...values, ...references.map(({ value }) => value), ...(fromZero ? [0] : [])]);
  return { x: linearScale(x0, x1, 6, true), y: log ? logScale(y0, y1, 6) : linearScale(y0, y1, 5) };
}

function extent(values: readonly number[]): [number, number] {
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}

function horizontal(label: string, y: number): Markup {
  return html`<path class="grid" d="M${plot.left} ${round(y)}H${plot.right}"/>
<text class="tick" x="${plot.left - 8}" y="${round(y + 4)}" text-anchor="end">${label}</text>
`;
}

function vertical(tick: number, x: number): Markup {
  return html`<path class="axis" d="M${round(x)} ${plot.bottom}v5"/>
<text class="tick" x="${round(x)}" y="${plot.bottom + 19}" text-anchor="middle">${formatTick(tick)}</text>
`;
}

function reference(label: string, y: number): Markup {
  return html`<path class="reference" d="M${plot.left} ${y}H${plot.right}"/>
<text class="tick" x="${plot.right}" y="${y - 5}" text-anchor="end">${label}</text>
`;
}

function draw(series: Series, px: (x: number) => number, py: (y: number) => number): Markup {
  const { points, tone, kind = 'line' } = series;
  const [first] = points as [Point];
  if (kind === 'dots' || points.length === 1) {
    const dots = kind === 'dots' ? points : [first];
    return html`${dots.map(([x, y]) => html`<circle class="dots ${tone}" cx="${round(px(x))}" cy="${round(py(y))}" r="3.5"/>`)}`;
  }
  const path = points.map(([x, y]) => `${round(px(x))} ${round(py(y))}`).join('L');
  return html`<path class="${kind} ${tone}" d="M${path}"/>`;
}

const round = (value: number) => Math.round(value * 10) / 10;

function describe({ x, y, references = [] }: Chart, series: readonly Series[]): string {
  const lines = series.map(({ name, points }) => {
    const [a, b] = [points[0] as Point, points.at(-1) as Point];
    return `${name}: ${formatNumber(a[1])} at ${x} ${formatNumber(a[0])}, ${formatNumber(b[1])} at ${formatNumber(b[0])}.`;
  });
  const compared = references.map(({ label, value }) => `${label}: ${formatNumber(value)}.`);
  return [`${y} over ${x}.`, ...lines, ...compared].join(' ');
}
