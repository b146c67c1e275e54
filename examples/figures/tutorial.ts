import { readFileSync, writeFileSync } from 'node:fs';
import type { TopLevelSpec } from 'vega-lite';
import { svgOf } from './figure.js';

/** A tutorial: what it measured, and what its README shows of it. F is plain JSON. */
export interface Tutorial<F extends object> {
  /** Of the folder: import.meta.url of its index.ts. */
  readonly at: string;
  /**
   * Runs everything; all numbers of the README are in it. A tutorial that takes longer than seconds has a short run for
   * `npm test`, of fewer steps; its full run belongs to index.long.test.ts.
   */
  run(length: 'short' | 'full'): Promise<F>;
  /** Markdown by the name of its mark in the README. */
  tables(figures: F): Readonly<Record<string, string>>;
  /** By file name, without its ending. */
  charts(figures: F): Readonly<Record<string, TopLevelSpec>>;
}

const MARK = /<!-- (code|table) ([\w-]+) -->[\s\S]*?<!-- \/\1 -->/g;

/**
 * The README with its code and its tables filled in: between `<!-- code name -->` and `<!-- /code -->` stands the region
 * `name` of index.ts, between `<!-- table name -->` and `<!-- /table -->` what `tables` makes of the figures. Throws where
 * a mark names nothing, and where a region is shown nowhere.
 */
export function readme(text: string, source: string, tables: Readonly<Record<string, string>>): string {
  const regions = regionsOf(source);
  const unseen = new Set(regions.keys());
  const filled = text.replace(MARK, (_, kind: string, name: string) => {
    unseen.delete(name);
    const content = kind === 'code' ? regions.get(name) : tables[name];
    if (content === undefined) throw new Error(`the README shows the ${kind} "${name}", which is not there`);
    const shown = kind === 'code' ? `\`\`\`ts\n${content}\n\`\`\`` : content;
    return `<!-- ${kind} ${name} -->\n\n${shown}\n\n<!-- /${kind} -->`;
  });
  if (unseen.size > 0) throw new Error(`the README shows no region ${[...unseen].join(', ')}`);
  return filled;
}

/** The text between `// #region name` and `// #endregion`. */
function regionsOf(source: string): Map<string, string> {
  const found = source.matchAll(/^\/\/ #region ([\w-]+)\n([\s\S]*?)^\/\/ #endregion$/gm);
  return new Map([...found].map(([, name, code]) => [name as string, (code as string).trim()]));
}

/** A table in Markdown; numbers as they are written. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Runs a tutorial in full, and writes figures.json, its charts and its README. */
export async function writeTutorial<F extends object>(tutorial: Tutorial<F>): Promise<F> {
  const file = (name: string) => new URL(name, tutorial.at);
  const figures = await tutorial.run('full');
  writeFileSync(file('figures.json'), `${JSON.stringify(figures, null, 2)}\n`);
  for (const [name, chart] of Object.entries(tutorial.charts(figures))) {
    writeFileSync(file(`${name}.svg`), `${await svgOf(chart)}\n`);
  }
  const [text, source] = ['README.md', 'index.ts'].map((name) => readFileSync(file(name), 'utf8'));
  writeFileSync(file('README.md'), readme(text as string, source as string, tutorial.tables(figures)));
  return figures;
}
