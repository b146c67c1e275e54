import { fileURLToPath } from 'node:url';
import { publicPackages, tool } from '../../scripts/packages.mjs';
import type { Registry } from './registry.js';
import { run } from './run.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Builds what is not up to date, packs every public package and publishes it. */
export async function publishAll({ env }: Registry): Promise<void> {
  const built = await tool('nx', 'nx', ['run-many', '-t', 'build'], {}, 'pipe');
  if (!built.ok) throw new Error(`the packages do not build:\n${built.output}`);
  const workspaces = publicPackages().flatMap((folder) => ['-w', folder]);
  await run('npm', ['publish', '--ignore-scripts', '--silent', ...workspaces], { cwd: root, env });
}
