import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { violations } from './rules.js';
import { type Manifest, type Project, parseSource, readProjects } from './sources.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('imports', () => {
  it('point one way, and packages declare what they import', () => {
    expect(violations(readProjects(root))).toEqual([]);
  });
});

describe('the rules notice', () => {
  const projects = readProjects(root);
  const before = violations(projects);
  const news = (changed: readonly Project[]) => violations(changed).filter((text) => !before.includes(text));

  it.each<[string, string, string, RegExp]>([
    [
      'a later package',
      'packages/cells/src',
      "import { recur } from '@gatewise/recurrence';",
      /cells imports core/,
    ],
    [
      'the next package',
      'packages/recurrence/src',
      "export { useBackend } from '@gatewise/backends';",
      /stands after it/,
    ],
    [
      'a type of a later package',
      'packages/data/src',
      "import type { Batch } from '@gatewise/plugin';",
      /stands after it/,
    ],
    [
      'a type, written in place',
      'packages/data/src',
      "export type B = import('@gatewise/plugin').Batch;",
      /stands after it/,
    ],
    [
      'a later package, loaded late',
      'packages/core/src',
      "export const late = () => import('@gatewise/trainer');",
      /core imports nothing/,
    ],
    [
      'a plugin in a package',
      'packages/testing/src',
      "import { dropout } from '@gatewise/plugin-dropout';",
      /from plugins\//,
    ],
    [
      'a package in a plugin',
      'plugins/clip/src',
      "import { recur } from '@gatewise/recurrence';",
      /plugins import core, plugin, safetensors and tf\.js/,
    ],
    [
      'a plugin in a plugin',
      'plugins/clip/src',
      "import { dropout } from '@gatewise/plugin-dropout';",
      /from plugins\//,
    ],
    [
      'a file of another package',
      'packages/layers/src',
      "import { recur } from '@gatewise/recurrence/src/recur.js';",
      /a file inside another package/,
    ],
    [
      'another package by a path',
      'packages/layers/src',
      "import { recur } from '../../recurrence/src/recur.js';",
      /reaches out/,
    ],
    [
      'a file of tf.js',
      'packages/layers/src',
      "import '@tensorflow/tfjs-core/dist/ops/add.js';",
      /a file inside another package/,
    ],
    [
      'tf.js in the core',
      'packages/core/src',
      "import type { Tensor } from '@tensorflow/tfjs-core';",
      /core may not/,
    ],
    [
      'more than types of tf.js in plugin',
      'packages/plugin/src',
      "import { add } from '@tensorflow/tfjs-core';",
      /more than its types/,
    ],
    [
      'Node in a package for pages',
      'packages/layers/src',
      "import { readFileSync } from 'node:fs';",
      /runs in a page/,
    ],
    [
      'Node without its prefix',
      'packages/backends/src',
      "import { readFileSync } from 'fs';",
      /without node:/,
    ],
    ['no ending', 'packages/core/src', "import { random } from './random';", /without its ending/],
    [
      'a dependency that is not declared',
      'packages/layers/src',
      "import 'inversify';",
      /does not declare "inversify"/,
    ],
    ['a default export', 'packages/core/src', 'export default 1;', /default export/],
    [
      'a synchronous read',
      'packages/layers/src',
      'export const f = (t: never) => (t as any).dataSync();',
      /synchronously/,
    ],
    [
      'numbers without a seed',
      'packages/layers/src',
      'export const f = () => Math.random();',
      /Math\.random/,
    ],
  ])('%s', (_, folder, line, wanted) => {
    const planted = parseSource(`${folder}/planted.ts`, line);
    const mine = (p: Project) => folder === `${p.kind}/${p.name}/src`;
    const found = news(projects.map((p) => (mine(p) ? { ...p, files: [...p.files, planted] } : p)));
    expect(found.join('\n')).toMatch(wanted);
    expect(found.every((text) => text.startsWith(folder.replace(/src$/, '')))).toBe(true);
  });

  it('a dependency that nothing needs, and scripts that differ', () => {
    const change = ({ dependencies, scripts, ...rest }: Manifest): Manifest => ({
      ...rest,
      dependencies: { ...dependencies, inversify: '1' },
      scripts: { ...scripts, test: 'true' },
    });
    const cells = (p: Project) => p.manifest.name === '@gatewise/cells';
    expect(news(projects.map((p) => (cells(p) ? { ...p, manifest: change(p.manifest) } : p)))).toEqual([
      'packages/cells/package.json: declares "inversify", which no source imports',
      expect.stringContaining('packages/cells/package.json: has the script test: true, wanted vitest run'),
    ]);
  });

  it('a wrong import in a copy on the disk', () => {
    const copy = mkdtempSync(join(tmpdir(), 'gatewise-imports-'));
    const kept = (path: string) => !['node_modules', 'dist'].includes(basename(path));
    for (const name of ['core', 'cells']) {
      cpSync(join(root, 'packages', name), join(copy, 'packages', name), { recursive: true, filter: kept });
    }
    expect(violations(readProjects(copy))).toEqual([]);
    appendFileSync(join(copy, 'packages/core/src/index.ts'), "export { lstm } from '@gatewise/cells';\n");
    expect(violations(readProjects(copy))).toEqual([
      'packages/core/src/index.ts: imports "@gatewise/cells": core imports nothing',
      'packages/core/package.json: does not declare "@gatewise/cells", which the sources import',
    ]);
    rmSync(copy, { recursive: true });
  });
});
