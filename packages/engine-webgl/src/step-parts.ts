import { constant, statements } from '@gatewise/shader';
import type { Facts } from './facts.js';
import { four, product, type Source, timeOf } from './source.js';

/** δ or s of a masked step: `yes` where the step is real. */
export const whereReal = (yes: string, no: string): string => `mix(${no}, ${yes}, real)`;

/** bvec4 real: the mask at this step. */
export function readMask(source: Source, f: Facts): void {
  if (f.masked) source.line(`bvec4 real = greaterThan(${source.texel('M', 'one', '0', 'z')}, vec4(.5));`);
}

const drawn = (key: string, t: string): string => {
  const one = (i: number) => `gw_drawn(${key}.x, uint(${t}), uint(o.y + 4 * g + ${i}), uint(j), ${key}.y)`;
  return `bvec4(${[0, 1, 2, 3].map(one).join(', ')})`;
};

/** Multiplies the operand of step n. */
export function dropFactor(source: Source, f: Facts, n: string): string {
  if (f.dropout === 'mask') {
    return source.texel('DM', 'one', 'j', f.dropPerStep ? `(${n}) * p.x + g` : 'g');
  }
  return `mix(vec4(dropScale), vec4(0.), ${drawn('dropDraw', f.dropPerStep ? timeOf(n) : '0')})`;
}

/** Which units of state k hold, as bvec4. */
export const held = (source: Source, f: Facts, k: number): string =>
  f.zoneout === 'mask'
    ? `greaterThan(${source.texel(`HM${k}`, 'one', 'j', 'z')}, vec4(.5))`
    : drawn(`holdDraw[${k}]`, timeOf('n'));

/** The cell's statements; its leaves are named here, fetched by whoever calls. */
export function cellStatements(source: Source, f: Facts) {
  return statements(four, f.program, ({ op, a }) => {
    if (op === 'vector') return `vec4(${source.texel('V', 'one', 'j', String(a >> 2))}[${a & 3}])`;
    if (op === 'gate') return `a${a}`;
    if (op === 'state') return `s${a}`;
    if (op === 'dstate') return `e${a}`;
    return op === 'saved' ? `v${a}` : 'du';
  });
}

/** s_{t−1} of state k; 0 at the first step without an initial state. */
export function readState(source: Source, k: number): void {
  source.line(
    `vec4 s${k} = vec4(0.);`,
    `if (r.y != 0) s${k} = ${source.texel(`s${k}`, 'before', 'j', 'y + r.x')};`,
  );
}

/** a ← x W + b, to which products with h and u are added. */
export function readGate(source: Source, f: Facts, q: number): void {
  const projected = f.inputAt[q]! >= 0;
  const bias = () => `vec4(${source.texel('b', 'one', 'j', String(q >> 2))}[${q & 3}])`;
  source.line(`vec4 a${q} = ${projected ? source.texel(`Z${q}`, 'one', 'j', 'z') : bias()};`);
}

/** a += h R, or u R. */
export function addProduct(source: Source, f: Facts, gates: readonly number[], from: 'h' | 'u'): void {
  if (gates.length === 0) return;
  const [sheet, when, row] =
    from === 'u' ? (['u', 'now', 'y'] as const) : ([f.dropout ? 'm' : 's0', 'before', 'y + r.x'] as const);
  if (from === 'h') source.line('if (r.y != 0) {');
  product(
    source,
    f.H,
    gates.map((q) => ({
      operand: (k) => source.texel(sheet, when, k, row),
      weights: (k4) => source.texel('R', 'one', 'j', `${f.recurrentAt[q]! * Math.ceil(f.H / 4)} + ${k4}`),
      into: `a${q}`,
    })),
  );
  if (from === 'h') source.line('}');
}

/** δ += δa Rᵀ over the gates: of this step, or of the next one, where there is one. */
export function addTransposed(
  source: Source,
  f: Facts,
  gates: readonly number[],
  when: 'now' | 'after',
  into: string,
): void {
  const row = when === 'now' ? 'y' : 'y + r.z';
  product(
    source,
    f.H,
    gates.map((q) => ({
      operand: (k) => source.texel(`da${q}`, when, k, row),
      weights: (k4) => source.texel('RT', 'one', 'j', `${f.recurrentAt[q]! * Math.ceil(f.H / 4)} + ${k4}`),
      into,
    })),
  );
}

export const zero = constant(four, 0);
