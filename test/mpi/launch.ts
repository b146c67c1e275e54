import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findMpi } from '../../scripts/setup-mpi.mjs';
import { bundleInto } from '../resume/process.js';

/** mpirun, or why there is none and how to get one. */
export const mpirun = await findMpi().catch((error: Error) => error);

interface Job<T> {
  readonly code: number | null;
  readonly output: string;
  readonly seconds: number;
  /** What each rank came to; fewer where some did not. */
  readonly outcomes: readonly T[];
}

/** Starts `program.ts` in several processes with one thread each. */
export interface Jobs {
  run<T>(ranks: number, task: string, folder?: string): Promise<Job<T>>;
  readonly folder: (name: string) => string;
  dispose(): void;
}

/** Inside node_modules, so that the bundle finds koffi, whose library can not be bundled. */
export async function openJobs(): Promise<Jobs> {
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const cacheFolder = here('../../node_modules/.cache/gatewise');
  mkdirSync(cacheFolder, { recursive: true });
  const root = mkdtempSync(join(cacheFolder, 'mpi-'));
  const program = await bundleInto(root, here('program.ts'), ['koffi']);
  writeFileSync(join(root, 'package.json'), '{ "version": "0.0.0" }');
  let jobs = 0;
  return {
    async run<T>(ranks: number, task: string, folder = '') {
      const file = join(root, `job-${jobs++}`);
      const began = performance.now();
      const { code, output } = await start(ranks, [program, task, file, folder]);
      const seconds = (performance.now() - began) / 1000;
      const outcomes = Array.from({ length: ranks }, (_, r) => read<T>(`${file}.${r}.json`)).filter(
        (o) => o !== undefined,
      );
      return { code, output, seconds, outcomes };
    },
    folder: (name) => join(root, name),
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
}

function read<T>(file: string): T | undefined {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { outcome: T }).outcome;
  } catch {
    return undefined;
  }
}

function start(ranks: number, args: readonly string[]): Promise<{ code: number | null; output: string }> {
  // root only in containers such as those of CI
  const asRoot = process.getuid?.() === 0 ? ['--allow-run-as-root'] : [];
  const given = [...asRoot, '--oversubscribe', '-np', String(ranks), process.execPath, ...args];
  const env = { ...process.env, GATEWISE_THREADS: '1' };
  return new Promise((resolve, reject) => {
    const child = spawn(mpirun as string, given, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const add = (text: Buffer) => {
      output += text;
    };
    for (const stream of [child.stdout, child.stderr]) stream.on('data', add);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
