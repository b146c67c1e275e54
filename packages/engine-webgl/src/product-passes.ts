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

/** dX = δA Wᵀ, by the parity of n. */
export function inputGradientPass(f: Facts): Pass {
  const source = new Source();
  source.line('vec4 d = vec4(0.);');
  product(
    source,
    f.H,
    inputGates(f).map((q) => ({
      operand: (k) => source.texel(`da${q}`, 'now', k, 'y'),
      weights: (k4) => source.texel('WT', 'one', 'j', `${f.inputAt[q]! * Math.ceil(f.H / 4)} + ${k4}`),
      into: 'd',
    })),
  );
  source.line('out0 = d;');
  return source.finish(['dX']);
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

/** dW = Xᵀ δA for four rows of W and a column of every gate; ids: the rows of the steps that have this id. */
export function weightGradientPasses(f: Facts, { targets, samplers }: Limits): Pass[] {
  const size = Math.min(targets, Math.floor((samplers - 1) / 2));
  return chunks(inputGates(f), size).map((gates) => {
    const source = new Source();
    const at = 'n * p.x + g';
    const take = (when: 'even' | 'odd') => [
      f.ids
        ? `ivec4 id = ivec4(${source.texel('ids', 'one', '0', at)}) - i;`
        : `mat4 x = mat4(${columns(f.I, (k) => source.texel('X', 'one', k, at))});`,
      ...(f.ids ? ['if (any(lessThan(uvec4(id), uvec4(4u)))) {', oneHot] : []),
      ...gates.map((q, k) => `d${k} += ${source.texel(`da${q}`, when, 'j', 'row')} * x;`),
      ...(f.ids ? ['}'] : []),
    ];
    // the first row of a piece of W, where W has more rows than a texture
    source.line(f.ids ? 'int i = 4 * y + o.z;' : four, ...gates.map((_, k) => `vec4 d${k} = vec4(0.);`));
    source.line(...everyStep(take('even'), take('odd')));
    return finish(source, gates, 'dW');
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
export function recurrentGradientPasses(f: Facts, { targets, samplers }: Limits): Pass[] {
  const size = Math.min(targets, Math.floor((samplers - 3) / 2));
  return [
    ...chunks(f.readsH, size).map((gates) => recurrentPass(f, gates, f.dropout ? 'm' : 's0', true)),
    ...chunks(f.feeds, size).map((gates) => recurrentPass(f, gates, 'u', false)),
  ];
}

function recurrentPass(f: Facts, gates: readonly number[], sheet: string, earlier: boolean): Pass {
  const source = new Source();
  const take = (when: 'even' | 'odd', row: string, from: When, fromRow: string) => [
    `mat4 x = mat4(${columns(f.H, (k) => source.texel(from === 'one' ? `${sheet}_0` : sheet, from, k, fromRow))});`,
    ...gates.map((q, k) => `d${k} += ${source.texel(`da${q}`, when, 'j', row)} * x;`),
  ];
  source.line(four, ...gates.map((_, k) => `vec4 d${k} = vec4(0.);`));
  source.line(
    ...(earlier
      ? everyPair(
          take('odd', 'row', 'even', 'row'),
          take('even', 'row + p.x', 'odd', 'row'),
          take('even', 'row', 'one', 'row'),
        )
      : everyStep(take('even', 'row', 'even', 'row'), take('odd', 'row', 'odd', 'row'))),
  );
  return finish(source, gates, 'dR');
}

function finish(source: Source, gates: readonly number[], name: string): Pass {
  gates.forEach((_, k) => {
    source.line(`out${k} = d${k};`);
  });
  return source.finish(gates.map((q) => `${name}${q}`));
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
