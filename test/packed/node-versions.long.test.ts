import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchNode, versions } from '../node-versions/fetch-node.js';
import { publishAll } from './publish.js';
import { type Registry, startRegistry } from './registry.js';
import { makeWorkspace } from './workspace.js';

// Packages from a registry under every supported Node; node-versions.json has what each of them learnt.

let registry: Registry;
beforeAll(async () => {
  registry = await startRegistry();
  await publishAll(registry);
}, 1_200_000);

const figures: { node: string; tests: number; told: string }[] = [];
afterAll(async () => {
  await registry?.close();
  if (figures.length < versions.length) return;
  const file = fileURLToPath(new URL('node-versions.json', import.meta.url));
  writeFileSync(file, `${JSON.stringify(figures, undefined, 2)}\n`);
});

describe('installed from a registry', () => {
  it.each(versions)('under Node %s all is made, built, checked, tested and trained', async (version) => {
    const workspace = await makeWorkspace(registry, fetchNode(version));
    try {
      let tests = 0;
      for (const project of ['gradient-noise', 'leaky', 'sums']) {
        await workspace.run(project, 'npm', 'run', 'build');
        await workspace.run(project, 'npm', 'run', 'typecheck');
        const said = await workspace.run(project, 'npm', 'test');
        tests += Number(/Tests {2}(\d+) passed \(\1\)/.exec(said)?.[1]);
      }
      const told = await workspace.run('sums', 'node', 'dist/index.js');
      expect(told).toMatch(/Validation loss: 0\.\d+ → .*→ 0\.\d+/);
      const node = (await workspace.run('sums', 'node', '--version')).trim();
      expect(node).toMatch(new RegExp(`^v${version}\\.`));
      expect(await workspace.run('sums', 'npx', 'gatewise', '--version')).toMatch(/^\d+\.\d+\.\d+$/m);
      figures.push({ node, tests, told: told.trim() });
    } finally {
      await workspace.close();
    }
  });
});
