import uPlot from 'uplot';

/** Colours that people with any colour vision tell apart, for light and for dark grounds (Okabe and Ito, 2008). */
const inks = {
  light: ['#0072b2', '#c04e00', '#00795a', '#8a5a83'],
  dark: ['#56b4e9', '#e69f00', '#2bbf95', '#cc79a7'],
};
const scheme = matchMedia('(prefers-color-scheme: dark)');
const ink = (n: number) => inks[scheme.matches ? 'dark' : 'light'][n % 4]!;

interface Line {
  readonly label: string;
  readonly dash?: readonly number[];
  /** Single points, joined. */
  readonly points?: boolean;
  /** Of the colours, from 0. */
  readonly ink: number;
}
interface ChartOptions {
  readonly x: string;
  readonly y: string;
  readonly logarithmic?: boolean;
  readonly lines: readonly Line[];
}
/** A line's values by x; null where it has none. */
export type Values = readonly (readonly (number | null)[])[];

const fromZero = (_: uPlot, _low: number, high: number): [number, number] => [0, high > 0 ? 1.05 * high : 1];
const decades = (_: uPlot, low: number, high: number): [number, number] => [
  10 ** Math.floor(Math.log10(low || 1e-3)),
  10 ** Math.ceil(Math.log10(high || 1)),
];
/** A line of the grid for each power of ten. */
const powers: Pick<uPlot.Axis, 'splits' | 'values'> = {
  splits: (_, _axis, low, high) => {
    const [first, last] = [Math.round(Math.log10(low)), Math.round(Math.log10(high))];
    const every = Math.ceil((last - first) / 6);
    return Array.from(
      { length: Math.floor((last - first) / every) + 1 },
      (_, n) => 10 ** (first + n * every),
    );
  },
  values: (_, splits) => splits.map((v) => `1e${Math.round(Math.log10(v))}`),
};

/** Lines over x, drawn anew with all that is known; it fills its place and follows the page's colours. */
export class Chart {
  readonly #place: HTMLElement;
  readonly #plot: uPlot;
  readonly #over = new AbortController();

  constructor(place: HTMLElement, options: ChartOptions) {
    this.#place = place;
    place.replaceChildren();
    this.#plot = new uPlot(this.#options(options), [[], ...options.lines.map(() => [])], place);
    const resize = new ResizeObserver(() => this.#plot.setSize(this.#size()));
    resize.observe(place);
    scheme.addEventListener('change', () => this.#plot.redraw(), { signal: this.#over.signal });
    this.#over.signal.addEventListener('abort', () => resize.disconnect());
  }

  /** What it says to those who don't see it. */
  show(xs: readonly number[], values: Values, summary: string): void {
    this.#plot.setData([[...xs], ...values.map((line) => [...line])] as uPlot.AlignedData);
    this.#place.setAttribute('aria-label', summary);
  }

  remove(): void {
    this.#over.abort();
    this.#plot.destroy();
  }

  #size() {
    return { width: Math.max(200, this.#place.clientWidth), height: this.#place.clientHeight - 32 };
  }

  #options({ x, y, logarithmic, lines }: ChartOptions): uPlot.Options {
    const style = (name: string) => () => getComputedStyle(this.#place).getPropertyValue(name);
    const axis = {
      stroke: style('--ink'),
      grid: { stroke: style('--line'), width: 1 },
      ticks: { stroke: style('--line') },
    };
    return {
      ...this.#size(),
      cursor: { y: false },
      legend: { markers: { dash: (_, n) => (lines[n - 1]?.dash ? 'dashed' : 'solid') } },
      scales: { x: { time: false }, y: logarithmic ? { distr: 3, range: decades } : { range: fromZero } },
      axes: [
        { ...axis, label: x, labelSize: 22, size: 34 },
        { ...axis, label: y, labelSize: 22, size: 56, ...(logarithmic && powers) },
      ],
      series: [
        { label: x },
        ...lines.map(({ label, dash, points = false, ink: n }) => ({
          ...{ label, width: 2, stroke: () => ink(n), spanGaps: true, points: { show: points, size: 6 } },
          ...(dash && { dash: [...dash] }),
          value: (_: uPlot, v: number | null) => (v === null ? '–' : v.toPrecision(3)),
        })),
      ],
    };
  }
}
