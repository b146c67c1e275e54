import { describe, expect, it } from 'vitest';
import { findCells } from './cells.js';
import { graphOf, svgOf } from './diagram.js';
import { replaceLinks, targetOf } from './links.js';
import { placeOf } from './repository.js';
import { fence } from './source-page.js';
import { equations, texOf } from './tex.js';

describe('links of a README', () => {
  const to = (text: string) => replaceLinks(text, (target, picture) => `${picture ? 'P' : 'L'}:${target}`);
  it('are replaced, pictures and links around code too', () => {
    expect(to('see [`a`](b.md#c) and ![d](e.svg)')).toBe('see [`a`](L:b.md#c) and ![d](P:e.svg)');
    expect(to('[![badge](a.svg)](b.md)')).toBe('[![badge](P:a.svg)](L:b.md)');
  });
  it('but not in code', () => {
    const code = '`[a](b)` and\n\n```md\n[a](b)\n```\n';
    expect(to(code)).toBe(code);
  });
  it('lead from the folder of their file', () => {
    expect(targetOf('examples/02-x/README.md', '../01-y/README.md#z')).toEqual({
      path: 'examples/01-y/README.md',
      hash: '#z',
    });
    expect(targetOf('README.md', 'https://example.org')).toBeUndefined();
    expect(targetOf('README.md', '#here')).toBeUndefined();
  });
  it('lead to a page, to the text of a file, or nowhere', () => {
    const pages = new Set(['plugins/clip/README.md', 'packages/plugin/HOOKS.md']);
    expect(placeOf('plugins/clip', pages)).toEqual({ kind: 'page', address: '/plugins/clip/' });
    expect(placeOf('packages/plugin/HOOKS.md', pages)).toEqual({
      kind: 'page',
      address: '/packages/plugin/HOOKS.md',
    });
    expect(placeOf('package.json', pages)).toEqual({ kind: 'source', address: '/source/package.json.md' });
    expect(placeOf('plugins/no-such', pages)).toEqual({ kind: 'missing' });
  });
  it('and text with fences in it is fenced by longer ones', () => {
    expect(fence('md', '````\n```')).toBe('`````md\n````\n```\n`````');
  });
});

describe('formulas', () => {
  it.each([
    ['c_t = f ⊗ c_{t-1} + ½ i', 'c_{t} = f \\otimes  c_{t-1} + \\tfrac12  i'],
    ['δa = δh ⊗ σ̂′ · (1 − h²)', "\\delta a = \\delta h \\otimes  \\hat\\sigma' \\cdot  (1 - h^2)"],
    ['h = tanh(LN(c))', 'h = \\tanh(\\operatorname{LN}(c))'],
  ])('%s', (formula, tex) => {
    expect(texOf(formula)).toBe(tex);
  });
  it('stand one below the other, and what KaTeX does not know is refused', () => {
    expect(equations(['i = σ(a_i),  g = tanh(a_g)']).match(/<mtr>/g)).toHaveLength(2);
    expect(() => equations(['i = 七'])).toThrow(/unicode/i);
  });
});

describe('every cell', async () => {
  const cells = await findCells();
  it('is found: those of the package first, then those that live outside', () => {
    expect(cells.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'vanilla',
        'gru-reset-after',
        'lstm-hard-sigmoid',
        'indrnn',
        'lstm-layer-norm',
      ]),
    );
    expect(cells[0]?.name).toBe('vanilla');
  });
  it.each(cells)(
    '$name has words, formulas and, recorded, a backward',
    ({ prose, forward, backward, cell }) => {
      expect(prose).toMatch(/\d{4}|memory/);
      expect(equations(forward)).toContain('katex');
      expect(backward.length > 0).toBe(cell !== undefined);
    },
  );
  it('lstm is drawn as it is computed', () => {
    const lstm = cells.find(({ name }) => name === 'lstm')?.cell;
    const { nodes, edges } = graphOf(lstm!);
    const count = (kind: string) => nodes.filter((node) => node.kind === kind).length;
    // i f g o, their functions and that of c, and f ⊗ c + i ⊗ g, o ⊗ k
    expect([count('gate'), count('function') + count('op'), count('result')]).toEqual([4, 5 + 4, 2]);
    expect(edges.filter(({ label }) => label === 'W')).toHaveLength(4);
    expect(svgOf({ nodes, edges }, 'lstm')).toMatch(/^<svg role="img" aria-label="lstm"[\s\S]*<tspan/);
  });
});
