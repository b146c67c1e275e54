import type { Facts } from './facts.js';
import type { Limits } from './limits.js';
import { type Pass, product, Source, type When } from './source.js';

/** Lists of at most `size`. */
function chunks<V>(list: readonly V[], size: number): V[][] {
  const count = Math.ceil(list.length / size);
  return Array.from({ length: count }, (_, i) => list.slice(i * size, (i + 1) * size));
}
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const inputGates = (f: Facts): number[] => range(f.inputAt.length).filter((q) => f.inputAt[q]! >= 0);
const four = 'int i = 4 * y;';

/** Z = X W + b for every step at once. */
export function projectionPasses(f: Facts, { targets, samplers }: Limits): Pass[] {
  return chunks(inputGates(f), Math.min(targets, samplers - 3)).map((gates) => {
    const source = new Source();
    for (const q of gates)
      source.line(`vec4 a${q} = vec4(${source.texel('b', 'one', 'j', String(q >> 2))}[${q & 3}]);`);
    const terms = gates.map((q) => ({
      operand: (k: string) => source.texel('X', 'one', k, 'y'),
      weights: (k4: string) => source.texel('W', 'one', 'j', `${f.inputAt[q]! * Math.ceil(f.I / 4)} + ${k4}`),
      into: `a${q}`,
    }));
    product(source, f.I, terms);
    gates.forEach((q, k) => {
      source.line(`out${k} = a${q};`);
    });
    return source.finish(gates.map((q) => `Z${q}`));
  });
}

/** dX = δA Wᵀ, by the parity of n: a column of the draw makes neighbouring ones of dX, so that δA is read less often. */
export function inputGradientPass(f: Facts, { targets }: Limits): Pass {
  const units = Math.min(targets, 4);
  const source = new Source();
  const gates = inputGates(f);
  const column = (c: number) => `min(${units} * j + ${c}, ${f.I - 1})`;
  source.line(...range(units).map((c) => `vec4 d${c} = vec4(0.);`));
  product(
    source,
    f.H,
    gates.flatMap((q) =>
      range(units).map((c) => ({
        operand: (k: string) => source.texel(`da${q}`, 'now', k, 'y'),
        weights: (k4: string) =>
          source.texel('WT', 'one', column(c), `${f.inputAt[q]! * Math.ceil(f.H / 4)} + ${k4}`),
        into: `d${c}`,
      })),
    ),
  );
  source.line(...range(units).map((c) => `out${c} = d${c};`));
  return source.finish(range(units).map((c) => `dX${c}`));
}

/**
 * Visits every step: pairs of an even and an odd n, and the even one that is left. No branch inside: it would cost more
 * than what it guards. Here row is the row in the sheets of a parity, n the step.
 */
const everyStep = (even: readonly string[], odd: readonly string[]): string[] => [
  'for (int s = 0; s < p.z >> 1; s++) for (int g = 0; g < p.x; g++) {',
  'int row = s * p.x + g, n = 2 * s;',
  ...['{', ...even, '}', 'n++;', ...odd],
  '}',
  'if ((p.z & 1) == 1) for (int g = 0; g < p.x; g++) {',
  'int n = p.z - 1, row = (p.z >> 1) * p.x + g;',
  ...even,
  '}',
];

/** Visits the pairs (n−1, n): rows of n = 1, 3, … and of n−1 are the same, those of n = 2, 4, … one step further. */
const everyPair = (odd: readonly string[], even: readonly string[], first: readonly string[]): string[] => [
  'int whole = ((p.z - 1) >> 1) * p.x;',
  'for (int row = 0; row < whole; row++) {',
  ...['{', ...odd, '}', ...even],
  '}',
  'if ((p.z & 1) == 0) for (int row = whole; row < whole + p.x; row++) {',
  ...odd,
  '}',
  'if (r.y != 0) for (int row = 0; row < p.x; row++) {',
  ...first,
  '}',
];

/** What a draw sums up: of gates q, columns c of `units` neighbouring ones, so that the other factor is read less often. */
interface Sums {
  readonly units: number;
  readonly all: readonly { readonly q: number; readonly c: number; readonly name: string }[];
  /** d += δa · x for all of them. */
  add(source: Source, when: 'even' | 'odd', row: string): string[];
  finish(source: Source): Pass;
}

function sumsOf(f: Facts, gates: readonly number[], kind: string, targets: number): Sums {
  const units = unitsOf(gates, targets);
  const all = gates.flatMap((q) => range(units).map((c) => ({ q, c, name: `${kind}${q}_${c}` })));
  const column = (c: number) => (units === 1 ? 'j' : `min(${units} * j + ${c}, ${f.H - 1})`);
  return {
    units,
    all,
    add: (source, when, row) =>
      all.map(({ q, c, name }) => `${name} += ${source.texel(`da${q}`, when, column(c), row)} * x;`),
    finish(source) {
      source.line(...all.map(({ name }, k) => `out${k} = ${name};`));
      return source.finish(all.map(({ name }) => name));
    },
  };
}
/** Columns that a column of the draw makes; one draw makes the same for all of its gates. */
const unitsOf = (gates: readonly number[], targets: number): number =>
  Math.max(1, Math.floor(targets / gates.length));
/** A sum's draws, and how many columns each makes at once. */
export interface SumPass {
  readonly pass: Pass;
  readonly units: number;
  readonly gates: readonly number[];
}

/** dW = Xᵀ δA for four rows of W and some columns of every gate; ids: the rows of the steps that have this id. */
export function weightGradientPasses(f: Facts, { targets, samplers }: Limits): SumPass[] {
  const size = Math.min(targets, Math.floor((samplers - 1) / 2));
  return chunks(inputGates(f), size).map((gates) => {
    const source = new Source();
    const sums = sumsOf(f, gates, 'dW', targets);
    const at = 'n * p.x + g';
    const take = (when: 'even' | 'odd') => [
      f.ids
        ? `ivec4 id = ivec4(${source.texel('ids', 'one', '0', at)}) - i;`
        : `mat4 x = mat4(${columns(f.I, (k) => source.texel('X', 'one', k, at))});`,
      ...(f.ids ? ['if (any(lessThan(uvec4(id), uvec4(4u)))) {', oneHot] : []),
      ...sums.add(source, when, 'row'),
      ...(f.ids ? ['}'] : []),
    ];
    // the first row of a piece of W, where W has more rows than a texture
    source.line(
      f.ids ? 'int i = 4 * y + o.z;' : four,
      ...sums.all.map(({ name }) => `vec4 ${name} = vec4(0.);`),
    );
    source.line(...everyStep(take('even'), take('odd')));
    return { pass: sums.finish(source), units: sums.units, gates };
  });
}

/** Column m of the matrix is 1 where that row of the batch has id i + m. */
const oneHot = `mat4 x = mat4(${range(4)
  .map((m) => `vec4(equal(id, ivec4(${m})))`)
  .join(', ')});`;

const columns = (K: number, texel: (k: string) => string): string =>
  range(4)
    .map((m) => texel(`min(i + ${m}, ${K - 1})`))
    .join(', ');

/** dR = Hᵀ δA: of the gates that h feeds, with h one step earlier; of those that u feeds, with u. */
export function recurrentGradientPasses(f: Facts, limits: Limits): SumPass[] {
  const size = Math.min(limits.targets, Math.floor((limits.samplers - 3) / 2));
  const sheet = f.dropout ? 'm' : 's0';
  return [
    ...chunks(f.readsH, size).map((gates) => recurrentPass(f, gates, sheet, true, limits)),
    ...chunks(f.feeds, size).map((gates) => recurrentPass(f, gates, 'u', false, limits)),
  ];
}

function recurrentPass(
  f: Facts,
  gates: readonly number[],
  sheet: string,
  earlier: boolean,
  { targets }: Limits,
): SumPass {
  const source = new Source();
  const sums = sumsOf(f, gates, 'dR', targets);
  const take = (when: 'even' | 'odd', row: string, from: When, fromRow: string) => [
    `mat4 x = mat4(${columns(f.H, (k) => source.texel(from === 'one' ? `${sheet}_0` : sheet, from, k, fromRow))});`,
    ...sums.add(source, when, row),
  ];
  source.line(four, ...sums.all.map(({ name }) => `vec4 ${name} = vec4(0.);`));
  source.line(
    ...(earlier
      ? everyPair(
          take('odd', 'row', 'even', 'row'),
          take('even', 'row + p.x', 'odd', 'row'),
          take('even', 'row', 'one', 'row'),
        )
      : everyStep(take('even', 'row', 'even', 'row'), take('odd', 'row', 'odd', 'row'))),
  );
  return { pass: sums.finish(source), units: sums.units, gates };
}

/** Sums over all steps and rows of the batch: db of every gate, δw of every vector. */
export function sumPasses(count: number, from: string, to: string, { targets, samplers }: Limits): Pass[] {
  return chunks(range(count), Math.min(targets, Math.floor(samplers / 2))).map((list) => {
    const source = new Source();
    const take = (when: 'even' | 'odd') =>
      list.map((q, k) => `d${k} += ${source.texel(`${from}${q}`, when, 'j', 'row')};`);
    source.line(...list.map((_, k) => `vec4 d${k} = vec4(0.);`), ...everyStep(take('even'), take('odd')));
    list.forEach((_, k) => {
      source.line(`out${k} = vec4(dot(d${k}, vec4(1.)), 0., 0., 0.);`);
    });
    return source.finish(list.map((q) => `${to}${q}`));
  });
}
