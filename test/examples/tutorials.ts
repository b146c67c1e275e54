import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Tutorial } from '@gatewise/example-figures';

const root = new URL('../../examples/', import.meta.url);

/** The examples whose README is filled in by a run: those with marks in it. */
export const tutorialNames: readonly string[] = readdirSync(root)
  .filter((name) => existsSync(new URL(`${name}/README.md`, root)))
  .filter((name) => /<!-- (code|table) /.test(readFileSync(new URL(`${name}/README.md`, root), 'utf8')))
  .sort();

export const fileOf = (name: string, file: string): URL => new URL(`${name}/${file}`, root);

export async function tutorialOf(name: string): Promise<Tutorial<object>> {
  const { tutorial } = (await import(fileOf(name, 'index.ts').href)) as { tutorial: Tutorial<object> };
  return tutorial;
}
