import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '@gatewise/safetensors';
import { build } from 'esbuild';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

interface Ended {
  readonly killed: boolean;
  readonly stdout: string;
  readonly stderr: string;
}
/** The program as one file, which starts in a fraction of the time that its sources take. */
export interface Program {
  run(
    args: Readonly<Record<string, string | number>>,
    env?: Readonly<Record<string, string>>,
  ): Promise<Ended>;
  folder(): string;
  dispose(): void;
}

/** Bundles a program from the packages' sources into `dist` of a folder, with the built addon where it looks for it. */
export async function bundleInto(root: string, entry: string, external: string[] = []): Promise<string> {
  const outfile = join(root, 'dist', 'program.mjs');
  await build({
    ...{ entryPoints: [entry], outfile, external, bundle: true, platform: 'node', format: 'esm' },
    conditions: ['gatewise-source'],
    // one tf.js: its own packages import the modules of each other
    mainFields: ['module', 'main'],
    logLevel: 'error',
    banner: { js: "import { createRequire as cr } from 'node:module'; const require = cr(import.meta.url);" },
  });
  const addon = here('../../packages/engine-native/build/gatewise_native.node');
  mkdirSync(join(root, 'build'), { recursive: true });
  if (existsSync(addon)) copyFileSync(addon, join(root, 'build', 'gatewise_native.node'));
  return outfile;
}

/** program.ts of this folder, as one file. */
export async function bundleProgram(): Promise<Program> {
  const root = mkdtempSync(join(tmpdir(), 'gatewise-resume-'));
  const outfile = await bundleInto(root, here('program.ts'));
  let folders = 0;
  return {
    run(args, env = {}) {
      const given = Object.entries(args).flatMap(([name, value]) => [`--${name}`, String(value)]);
      return start(outfile, given, env);
    },
    folder: () => join(root, `run-${folders++}`),
    dispose: () => rmSync(root, { recursive: true }),
  };
}

function start(file: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env } };
    execFile(process.execPath, [file, ...args], options, (error, stdout, stderr) =>
      resolve({ killed: error?.signal === 'SIGKILL', stdout, stderr }),
    );
  });
}

/** The last checkpoint of a run that has ended: its tensors by name, byte for byte, and what the run came to. */
export function outcome(folder: string) {
  const names = readdirSync(folder).filter((name) => name.endsWith('.safetensors'));
  const { tensors } = readSafetensors(readFileSync(join(folder, names.sort().at(-1)!)));
  const result = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as { history: object[] };
  const bytes = Object.fromEntries(
    [...tensors].map(([name, { data }]) => [name, Buffer.from(data).toString('hex')]),
  );
  return { result, bytes };
}
