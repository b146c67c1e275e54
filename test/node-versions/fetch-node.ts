import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Every Node that is supported. */
export const versions = ['20.19', '22', '24', '26'];

const cache = fileURLToPath(new URL('../../node_modules/.cache/gatewise/', import.meta.url));

/** The npm package `node` gets its binary from one package a platform, which needs no install script. */
function platformPackage(): string {
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  return `${prefix}-${system}-${process.arch}`;
}

/** The program `node` of a version, from npm's packages, kept for the next time. */
export function fetchNode(version: string): string {
  const prefix = join(cache, `node-${version}`);
  const folder = join(prefix, 'node_modules', platformPackage());
  const binary = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(binary)) return binary;
  mkdirSync(prefix, { recursive: true });
  const options = ['--prefix', prefix, '--ignore-scripts', '--no-audit', '--no-fund'];
  const done = spawnSync('npm', ['install', ...options, `${platformPackage()}@${version}`], {
    cwd: prefix,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (done.status !== 0) throw new Error(`npm could not fetch Node ${version}: ${done.stderr}`);
  for (const unused of ['include', 'share']) rmSync(join(folder, unused), { recursive: true, force: true });
  return binary;
}
