import { colours, type Scale, SHADES, shade } from './palette.js';

/** One time step: a character and what every unit held. */
export interface Column {
  readonly symbol: string;
  /** The visitor's own, or the network's. */
  readonly of: 'text' | 'continuation';
  readonly values: Readonly<Record<string, Float32Array>>; // [H] each
}

const margin = { left: 40, right: 50, top: 6, bottom: 34 }; // css px
const cell = 11; // css px, the least that a character needs
const font = (size: number) => `${size}px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace`;
const shown: Readonly<Record<string, string>> = { ' ': '␣', '\n': '⏎', '\t': '⇥', '\r': '⏎' };

/** A picture of one gate or state: units from top to bottom, characters from left to right. */
export class Heatmap {
  readonly canvas: HTMLCanvasElement;
  readonly #name: string;
  readonly #scale: Scale;
  #visible: readonly Column[] = [];

  constructor(canvas: HTMLCanvasElement, name: string, scale: Scale) {
    this.canvas = canvas;
    this.#name = name;
    this.#scale = scale;
  }

  draw(columns: readonly Column[], dark: boolean): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = window.devicePixelRatio;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const ctx = this.canvas.getContext('2d')!;
    ctx.scale(ratio, ratio);
    const plot = { w: width - margin.left - margin.right, h: height - margin.top - margin.bottom };
    const capacity = Math.max(1, Math.floor(plot.w / cell));
    this.#visible = columns.slice(-capacity);
    const style = getComputedStyle(this.canvas);
    const ink = style.color;
    const accent = style.getPropertyValue('--accent');
    this.#cells(ctx, plot, capacity, dark);
    this.#characters(ctx, plot, capacity, { ink, accent });
    this.#units(ctx, plot, ink);
    this.#legend(ctx, plot, dark, ink);
  }

  #cells(
    ctx: CanvasRenderingContext2D,
    plot: { w: number; h: number },
    capacity: number,
    dark: boolean,
  ): void {
    const columns = this.#visible;
    const H = this.#units_;
    if (H === 0) return;
    const image = new ImageData(columns.length, H);
    const table = colours(this.#scale, dark);
    columns.forEach(({ values }, t) => {
      const v = values[this.#name]!;
      for (let j = 0; j < H; j++) {
        const k = 4 * shade(this.#scale, v[j]!);
        image.data.set(table.subarray(k, k + 4), 4 * (j * columns.length + t));
      }
    });
    const small = new OffscreenCanvas(columns.length, H);
    small.getContext('2d')!.putImageData(image, 0, 0);
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(small, margin.left, margin.top, (plot.w * columns.length) / capacity, plot.h);
  }

  #characters(
    ctx: CanvasRenderingContext2D,
    plot: { w: number; h: number },
    capacity: number,
    { ink, accent }: { ink: string; accent: string },
  ): void {
    const y = margin.top + plot.h;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'top';
    ctx.font = font(10);
    this.#visible.forEach(({ symbol, of }, t) => {
      ctx.fillStyle = of === 'text' ? ink : accent;
      ctx.fillText(shown[symbol] ?? symbol, margin.left + ((t + 0.5) * plot.w) / capacity, y + 3);
    });
    ctx.fillStyle = ink;
    ctx.textAlign = 'left';
    ctx.fillText('characters, the newest last →', margin.left, y + 19);
  }

  #units(ctx: CanvasRenderingContext2D, plot: { w: number; h: number }, ink: string): void {
    const H = this.#units_ || 1;
    ctx.fillStyle = ink;
    ctx.textAlign = 'right';
    ctx.textBaseline = 'middle';
    for (const unit of [1, Math.ceil(H / 2), H]) {
      ctx.fillText(String(unit), margin.left - 5, margin.top + ((unit - 0.5) / H) * plot.h);
    }
    ctx.save();
    ctx.translate(8, margin.top + plot.h / 2);
    ctx.rotate(-Math.PI / 2);
    ctx.textAlign = 'center';
    ctx.fillText('unit', plot.h / 4, 0);
    ctx.restore();
  }

  #legend(ctx: CanvasRenderingContext2D, plot: { w: number; h: number }, dark: boolean, ink: string): void {
    const { low, high } = this.#scale;
    const x = margin.left + plot.w + 10;
    const table = colours(this.#scale, dark);
    for (let y = 0; y < plot.h; y++) {
      const k = 4 * Math.round((SHADES - 1) * (1 - y / (plot.h - 1)));
      ctx.fillStyle = `rgb(${table[k]} ${table[k + 1]} ${table[k + 2]})`;
      ctx.fillRect(x, margin.top + y, 10, 1.5);
    }
    ctx.fillStyle = ink;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'middle';
    for (const [share, value] of [
      [0, high],
      [0.5, (low + high) / 2],
      [1, low],
    ] as const) {
      const inset = share === 0 ? 4 : share === 1 ? -4 : 0;
      ctx.fillText(value.toFixed(1).replace('-', '−'), x + 14, margin.top + share * plot.h + inset);
    }
  }

  get #units_(): number {
    return this.#visible[0]?.values[this.#name]?.length ?? 0;
  }

  /** What lies under a point of the canvas, in css px; undefined beside the cells. */
  at(x: number, y: number): { symbol: string; unit: number; value: number } | undefined {
    const plot = {
      w: this.canvas.clientWidth - margin.left - margin.right,
      h: this.canvas.clientHeight - margin.top - margin.bottom,
    };
    const capacity = Math.max(1, Math.floor(plot.w / cell));
    const column = this.#visible[Math.floor(((x - margin.left) / plot.w) * capacity)];
    const unit = Math.floor(((y - margin.top) / plot.h) * this.#units_);
    const value = column?.values[this.#name]?.[unit];
    return column && value !== undefined
      ? { symbol: shown[column.symbol] ?? column.symbol, unit: unit + 1, value }
      : undefined;
  }

  /** For those who don't see it. */
  summary(): string {
    const all = this.#visible.map(({ values }) => values[this.#name]!);
    const [low, high] = [this.#scale.low, this.#scale.high];
    const near = (0.1 * (high - low)) / 2;
    let [sum, atLow, atHigh, count] = [0, 0, 0, 0];
    for (const column of all) {
      for (const v of column) {
        sum += v;
        count++;
        if (v < low + near) atLow++;
        if (v > high - near) atHigh++;
      }
    }
    if (count === 0) return 'nothing read yet';
    const percent = (n: number) => `${Math.round((100 * n) / count)} %`;
    return `${this.#units_} units over the last ${all.length} characters: mean ${(sum / count).toFixed(2)}, ${percent(atLow)} near ${low}, ${percent(atHigh)} near ${high}`;
  }
}
