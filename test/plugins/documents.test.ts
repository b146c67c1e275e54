import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { hookKinds } from '@gatewise/plugin';
import { afterAll, expect, it } from 'vitest';
import { folder, plugins } from './all.js';
import { readmeFile, withTable } from './table.js';

afterAll(() => rmSync(folder, { recursive: true, force: true }));
const root = new URL('../../', import.meta.url);

it('plugins/README.md has the table that the plugins give', () => {
  const readme = readFileSync(readmeFile, 'utf8');
  expect(withTable(readme), 'write it: npx tsx --conditions gatewise-source test/plugins/cli.ts').toBe(
    readme,
  );
});

it('every folder with a plugin that hooks into training is in the list', () => {
  const listed = new Set(plugins.map(({ from }) => from.replace('plugin-', '')));
  const folders = readdirSync(new URL('plugins/', root), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(new URL(`plugins/${entry.name}/package.json`, root)))
    .map(({ name }) => name)
    .filter((name) => {
      const src = new URL(`plugins/${name}/src/`, root);
      const files = readdirSync(src).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
      return files.some((file) => /\bdefinePlugin\(/.test(readFileSync(new URL(file, src), 'utf8')));
    });
  expect(folders.filter((name) => !listed.has(name))).toEqual([]);
});

it('packages/plugin/HOOKS.md has a section of every hook, in the order of the contract', () => {
  const text = readFileSync(new URL('packages/plugin/HOOKS.md', root), 'utf8');
  const sections = text.split(/^## /m).slice(1);
  const names = sections.map((section) => section.split('\n', 1)[0]);
  expect(names).toEqual(Object.keys(hookKinds));
  for (const section of sections) {
    const name = section.split('\n', 1)[0] as keyof typeof hookKinds;
    expect(section).toContain(`*${hookKinds[name]}*`);
    for (const part of ['When:', 'May:']) expect(section, name).toContain(part);
  }
});
