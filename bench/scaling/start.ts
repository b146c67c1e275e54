import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GatewiseError } from '@gatewise/core';
import type { Found, Work } from './rank.js';

/** Runs rank.ts in one process with some threads, or under mpirun in several with one each. */
export async function measure(
  work: Omit<Work, 'file'>,
  how: { readonly threads: number } | { readonly ranks: number; readonly mpirun: string },
): Promise<Found> {
  const folder = mkdtempSync(join(tmpdir(), 'gatewise-scaling-'));
  const file = join(folder, 'found.json');
  const rank = fileURLToPath(new URL('rank.ts', import.meta.url));
  const program = ['-C', 'gatewise-source', '--import', 'tsx', rank, JSON.stringify({ ...work, file })];
  const asRoot = process.getuid?.() === 0 ? ['--allow-run-as-root'] : [];
  try {
    if ('ranks' in how) {
      const given = [...asRoot, '--oversubscribe', '-np', String(how.ranks), process.execPath, ...program];
      await run(how.mpirun, given, 1);
    } else await run(process.execPath, program, how.threads);
    return JSON.parse(readFileSync(file, 'utf8')) as Found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Errors: `GW_BENCH_SCALING` with what the program said. */
async function run(program: string, args: readonly string[], threads: number): Promise<void> {
  const env = { ...process.env, GATEWISE_THREADS: String(threads) };
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const add = (text: Buffer) => {
    said += text;
  };
  child.stdout.on('data', add);
  child.stderr.on('data', add);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return;
  throw new GatewiseError(
    'GW_BENCH_SCALING',
    `got exit code ${code} of a rank, wanted 0; it said: ${said.slice(-800)}`,
  );
}
