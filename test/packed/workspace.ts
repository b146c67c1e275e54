import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultsOf } from '../../scripts/packages.mjs';
import type { Registry } from './registry.js';
import { attempt, run, type Said } from './run.js';

/** What `npm create gatewise` makes here: kind and name. */
const scaffolds = { plugin: '@me/gradient-noise', cell: 'leaky', project: 'sums' } as const;

/** A folder far from this repository: an empty workspace, filled from the registry alone. */
export interface Workspace {
  readonly folder: string;
  /** Runs a command in one of its projects; throws where that fails. */
  run(project: string, command: string, ...args: string[]): Promise<string>;
  attempt(project: string, command: string, ...args: string[]): Promise<Said>;
  /** What publint and attw say of a project, packed. */
  faults(project: string): Promise<string[]>;
  close(): Promise<void>;
}

/** Makes a plugin, a cell and a project by `npm create`, a page beside them, and installs what they ask for. */
export async function makeWorkspace(registry: Registry, node = process.execPath): Promise<Workspace> {
  const folder = await mkdtemp(join(tmpdir(), 'gatewise-workspace-'));
  const env = { ...registry.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  const at = (project: string) => ({ cwd: join(folder, project), env });
  await writeFile(join(folder, 'package.json'), '{ "private": true, "workspaces": ["*"] }\n');
  // npm keeps what it ran by name and version: in a cache that goes with the workspace, since ours is new each time
  const anew = { cwd: folder, env: { ...env, npm_config_cache: join(folder, '.npm') } };
  for (const [kind, name] of Object.entries(scaffolds)) {
    await run('npm', ['create', '--yes', 'gatewise', kind, name], anew);
  }
  await cp(fileURLToPath(new URL('page/', import.meta.url)), join(folder, 'page'), { recursive: true });
  await run('npm', ['install', '--ignore-scripts', '--prefer-offline'], at('.'));
  return {
    folder,
    run: (project, command, ...args) => run(command, args, at(project)),
    attempt: (project, command, ...args) => attempt(command, args, at(project)),
    faults: async (project) => {
      const to = await mkdtemp(join(folder, '.packed-'));
      await run('npm', ['pack', '--silent', '--pack-destination', to], at(project));
      const [tarball] = await readdir(to);
      return faultsOf(join(to, tarball!));
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
