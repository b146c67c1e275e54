import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, root, SetupError, spawnNpm } from './setup.mjs';

/** Packs the folders as `npm publish` would; gives one .tgz for each. */
export function pack(folders) {
  const destination = join(cacheFolder, 'packed');
  rmSync(destination, { recursive: true, force: true });
  mkdirSync(destination, { recursive: true });
  const workspaces = folders.flatMap((folder) => ['-w', folder]);
  const done = spawnNpm(['pack', '--json', '--pack-destination', destination, ...workspaces], {
    cwd: root,
    encoding: 'utf8',
  });
  if (done.status !== 0) throw new SetupError('GW_SETUP_PACK', `npm pack failed. It said:\n${done.stderr}`);
  const packed = new Map(
    JSON.parse(done.stdout).map(({ name, filename }) => [name, join(destination, filename)]),
  );
  return folders.map((folder) => packed.get(manifestOf(folder).name));
}

function manifestOf(folder) {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
}

/** The folders of every package that is published. */
export function publicPackages() {
  return ['packages', 'plugins'].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => `${group}/${name}`)
      .filter((folder) => existsSync(join(root, folder, 'package.json')))
      .filter(
        (folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).private !== true,
      ),
  );
}

/** Runs a command of an installed npm package in the root; its output passes through, or is kept with 'pipe'. */
export function tool(packageName, command, args, environment = {}, output = 'inherit') {
  const folder = join('node_modules', packageName);
  const { bin } = manifestOf(folder);
  const file = join(root, folder, typeof bin === 'string' ? bin : bin[command]);
  const child = spawn(process.execPath, [file, ...args], {
    cwd: root,
    stdio: ['inherit', output, output],
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', ...environment },
  });
  const kept = [];
  child.stdout?.on('data', (chunk) => kept.push(chunk));
  child.stderr?.on('data', (chunk) => kept.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (signal === 'SIGINT') process.exit(130); // Ctrl-C ends the whole run, not one part of it
      resolve({ ok: code === 0, output: Buffer.concat(kept).toString('utf8') });
    });
  });
}

/** What a user of a packed package would stumble over: its exports (publint) and its types (attw), as they say it. */
export async function faultsOf(tarball) {
  const attw = ['--profile', 'esm-only', '--format', 'ascii', '--no-summary'];
  const checks = await Promise.all([
    tool('publint', 'publint', ['run', tarball, '--strict'], {}, 'pipe'),
    tool('@arethetypeswrong/cli', 'attw', [tarball, ...attw], {}, 'pipe'),
  ]);
  return checks.filter(({ ok }) => !ok).map(({ output }) => output);
}
