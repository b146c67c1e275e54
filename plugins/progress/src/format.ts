/** 61234 → "61.2k": three digits and a letter. */
export function count(n: number): string {
  if (!Number.isFinite(n)) return '–';
  const [scaled, letter] = n >= 999.5e3 ? [n / 1e6, 'M'] : n >= 999.5 ? [n / 1e3, 'k'] : [n, ''];
  const digits = scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return `${scaled.toFixed(digits)}${letter}`;
}

/** Milliseconds → "0:42", "1:02:03". */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Four significant digits: 2.153, 0.01235, NaN. */
export function figure(n: number): string {
  return Number.isFinite(n) ? n.toPrecision(4) : String(n);
}

/** A bar of `width` columns, filled to `fraction` in eighths of a column. */
export function bar(fraction: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * width * 8);
  const part = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8] ?? '';
  return ('█'.repeat(Math.floor(eighths / 8)) + part).padEnd(width, '░');
}

/** A piece of a line: its text, and the ANSI colour it takes where colours are on. */
export interface Piece {
  readonly text: string;
  readonly colour?: keyof typeof ANSI;
}
const ANSI = { cyan: '\x1b[36m', bold: '\x1b[1m', dim: '\x1b[2m' } as const;
const RESET = '\x1b[0m';

/** Columns of pieces joined by two spaces. */
export const widthOf = (pieces: readonly Piece[]): number =>
  pieces.reduce((sum, { text }, i) => sum + text.length + (i > 0 ? 2 : 0), 0);

/** Pieces joined by two spaces; those that no longer fit in `columns` are left out, last first. */
export function line(pieces: readonly Piece[], columns: number, colours: boolean): string {
  const fitting = pieces.filter((_, i) => widthOf(pieces.slice(0, i + 1)) <= columns);
  const shown = fitting.map(({ text, colour }) => (colours && colour ? ANSI[colour] + text + RESET : text));
  return shown.join('  ');
}
