/** An axis: where a value lies between 0 and 1, and the values worth a label. */
export interface Scale {
  readonly ticks: readonly number[];
  /** 0 at the low end, 1 at the high end. */
  at(value: number): number;
}

/** A linear axis over [low, high] with about `count` round ticks; with `snug` it ends where the data end. */
export function linearScale(low: number, high: number, count: number, snug = false): Scale {
  const span = high - low || Math.abs(high) || 1;
  const step = roundStep(span / count);
  const first = snug ? low : Math.floor(low / step) * step;
  const last = snug && high > low ? high : Math.max(Math.ceil(high / step) * step, first + step);
  const ticks: number[] = [];
  for (let i = Math.ceil(first / step - 1e-9); i * step <= last + step * 1e-9; i++) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return { ticks, at: (value) => (value - first) / (last - first) };
}

/** A logarithmic axis over [low, high], both above 0: ticks at powers of ten, and at 2 and 5 times them where few fit. */
export function logScale(low: number, high: number, count: number): Scale {
  const [a, b] = [Math.log10(low), Math.log10(high)];
  if (b - a < 1.5) return fewDecades(a, b);
  const every = Math.ceil((b - a) / count);
  const [first, last] = [Math.floor(a / every) * every, Math.ceil(b / every) * every];
  const ticks: number[] = [];
  for (let power = first; power <= last; power += every) ticks.push(10 ** power);
  return { ticks, at: (value) => (Math.log10(value) - first) / (last - first) };
}

function fewDecades(a: number, b: number): Scale {
  const powers = Array.from({ length: Math.ceil(b) - Math.floor(a) + 2 }, (_, i) => Math.floor(a) - 1 + i);
  const steps = powers.flatMap((power) => [1, 2, 5].map((m) => Number(`${m}e${power}`)));
  const first = steps.filter((step) => Math.log10(step) <= a + 1e-9).at(-1) as number;
  const last = steps.find((step) => step > first && Math.log10(step) >= b - 1e-9) as number;
  const range = Math.log10(last / first);
  return {
    ticks: steps.filter((step) => step >= first && step <= last),
    at: (value) => Math.log10(value / first) / range,
  };
}

/** The smallest of 1, 2, 5 times a power of ten that is at least `step`. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const m = step / power;
  return (m <= 1 + 1e-9 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10) * power;
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const raised = (n: number) =>
  (n < 0 ? '⁻' : '') + [...String(Math.abs(n))].map((digit) => superscripts[Number(digit)]).join('');

/** A power of ten: 10⁻⁵. */
export const formatPower = (value: number) => `10${raised(Math.round(Math.log10(value)))}`;

/** A number on an axis, where there is little room: 12,000, 0.005, 5·10⁻⁴. */
export const formatTick = (value: number) => formatNumber(value, 6).replace(' × ', '·');

/** A number for people: 12,345, 2.347, 0.015, 3.1 × 10⁻⁵, NaN. */
export function formatNumber(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return String(value).replace('-', '−');
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e7) {
    const [m, power] = value.toExponential(digits - 1).split('e') as [string, string];
    const mantissa = Number(m);
    const ten = `10${raised(Number(power))}`;
    return (mantissa === 1 ? ten : `${mantissa} × ${ten}`).replace('-', '−');
  }
  const whole = Number.isInteger(value) || size >= 10 ** digits;
  const text = whole
    ? Math.round(value).toLocaleString('en-US')
    : Number(value.toPrecision(digits)).toLocaleString('en-US', { maximumFractionDigits: 12 });
  return text.replace('-', '−');
}
