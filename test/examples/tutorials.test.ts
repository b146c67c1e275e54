import { existsSync, readFileSync } from 'node:fs';
import { readme, svgOf, table } from '@gatewise/example-figures';
import { describe, expect, it } from 'vitest';
import { fileOf, tutorialNames, tutorialOf } from './tutorials.js';

const read = (name: string, file: string) => readFileSync(fileOf(name, file), 'utf8');

describe.each(tutorialNames)('%s', (name) => {
  it('shows the code of index.ts, and the tables and charts of figures.json', async () => {
    const { tables, charts } = await tutorialOf(name);
    const figures = JSON.parse(read(name, 'figures.json'));
    const text = read(name, 'README.md');
    expect(readme(text, read(name, 'index.ts'), tables(figures)), 'write it: npm run examples').toBe(text);
    for (const [chart, spec] of Object.entries(charts(figures))) {
      expect(text).toContain(`](${chart}.svg)`);
      expect(`${await svgOf(spec)}\n`, 'write it: npm run examples').toBe(read(name, `${chart}.svg`));
    }
  });

  it('has links that lead somewhere', () => {
    for (const [, to] of read(name, 'README.md').matchAll(/\]\(([^)#:]+)\)/g)) {
      expect(existsSync(fileOf(name, to as string)), to).toBe(true);
    }
  });
});

describe('a README', () => {
  const source = 'a\n// #region one\nb\n// #endregion\nc\n';
  it('is filled in from regions and tables', () => {
    const text = 'x\n<!-- code one -->old<!-- /code -->\n<!-- table t -->\n<!-- /table -->\n';
    const filled = readme(text, source, { t: table(['p', 'q'], [[1, 'r']]) });
    expect(filled).toContain('```ts\nb\n```');
    expect(filled).toContain('| p | q |\n| --- | --- |\n| 1 | r |');
    expect(filled).not.toContain('old');
    expect(readme(filled, source, { t: table(['p', 'q'], [[1, 'r']]) })).toBe(filled);
  });
  it('names what is missing', () => {
    expect(() => readme('<!-- code two --><!-- /code -->', source, {})).toThrow(/code "two"/);
    expect(() => readme('nothing', source, {})).toThrow(/no region one/);
  });
});
