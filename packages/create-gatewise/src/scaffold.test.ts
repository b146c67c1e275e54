import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namesOf } from './names.js';
import { type Kind, kinds, scaffold } from './scaffold.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'create-gatewise-'));
});
afterAll(() => rm(folder, { recursive: true }));

const textOf = async (made: { folder: string; files: readonly string[] }) =>
  (await Promise.all(made.files.map((file) => readFile(join(made.folder, file), 'utf8')))).join('\n');

describe('scaffold', () => {
  it.each(Object.keys(kinds) as Kind[])(
    'makes a %s without a trace of the template’s names',
    async (kind) => {
      const made = await scaffold(kind, '@me/brand-new', join(folder, kind));
      expect((await readdir(made.folder, { recursive: true })).length).toBe(made.files.length + 1); // and src
      expect(made.files).toContain('.gitignore');
      expect(await textOf(made)).not.toMatch(/my-?(plugin|cell|project|package)/i);
      const manifest = JSON.parse(await readFile(join(made.folder, 'package.json'), 'utf8'));
      expect(manifest.name).toBe('@me/brand-new');
    },
  );

  it('fills in names that hold the template’s own', async () => {
    const made = await scaffold('plugin', 'my-plugin-my-plugin', join(folder, 'own'));
    const text = await textOf(made);
    expect(text).toContain('"name": "my-plugin-my-plugin"');
    expect(text).toContain("definePlugin('my-plugin-my-plugin'");
    expect(text).toContain('export const myPluginMyPlugin = ');
  });

  it('leaves a folder alone that holds something, and says so', async () => {
    const used = join(folder, 'used');
    await mkdir(used);
    await writeFile(join(used, 'mine.txt'), 'mine');
    await expect(scaffold('cell', 'leaky', used)).rejects.toThrow(/^GW_NEW_EXISTS: .*holds 1 file already/);
    expect(await readdir(used)).toEqual(['mine.txt']);
    await expect(scaffold('cell', 'leaky', join(used, 'mine.txt'))).rejects.toThrow(/^GW_NEW_WRITE: /);
    expect(await readFile(join(used, 'mine.txt'), 'utf8')).toBe('mine');
  });

  it('uses an empty folder', async () => {
    const empty = join(folder, 'empty');
    await mkdir(empty);
    expect((await scaffold('cell', 'leaky', empty)).files).toContain('src/index.ts');
  });
});

describe('namesOf', () => {
  it('makes names for npm, for runs and for code', () => {
    expect(namesOf('@me/gatewise-plugin-gradient-noise', 'plugin')).toEqual({
      package: '@me/gatewise-plugin-gradient-noise',
      short: 'gradient-noise',
      identifier: 'gradientNoise',
    });
    expect(namesOf('leaky', 'cell')).toEqual({ package: 'leaky', short: 'leaky', identifier: 'leaky' });
    expect(namesOf('class', 'cell').identifier).toBe('classCell');
    expect(namesOf('train', 'plugin').identifier).toBe('trainPlugin');
    expect(namesOf('plugin-2', 'plugin').short).toBe('plugin-2');
  });

  it.each(['', 'Noise', 'a b', '../up', '.hidden', '-x', 'x-', 'a/b', '@/x', 'ä', '9to5', 'a'.repeat(215)])(
    'refuses %j',
    (name) => {
      expect(() => namesOf(name, 'plugin')).toThrow(/^GW_NEW_NAME: /);
    },
  );
});

it('every template asks for the packages as they are here', async () => {
  const packages = new URL('../../', import.meta.url);
  for (const kind of Object.keys(kinds)) {
    const manifest = JSON.parse(
      await readFile(new URL(`../templates/${kind}/_package.json`, import.meta.url), 'utf8'),
    );
    const wanted = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.devDependencies };
    for (const [name, range] of Object.entries(wanted).filter(([name]) => name.startsWith('@gatewise/'))) {
      const path = name.replace('@gatewise/', '').replace(/^plugin-/, '../plugins/');
      const { version } = JSON.parse(await readFile(new URL(`${path}/package.json`, packages), 'utf8'));
      expect(range, name).toBe(`^${version}`);
    }
  }
});
