import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compile } from '@gatewise/bytecode';
import type { AnyCell } from '@gatewise/core';
import { recordProgram } from '@gatewise/recurrence';
import { kernelFlags, nativeFolder } from '../../build.mjs';

const run = promisify(execFile);
/** Memory and arithmetic, or what threads do to one another: a binary has one of them. */
type Sanitizers = 'address,undefined' | 'thread';
const strict = ['-Wall', '-Wextra'];

/** Whether this compiler has the sanitizers and their libraries. */
export function hasSanitizers(compiler: string, which: Sanitizers = 'address,undefined'): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'gatewise-sanitizer-'));
  const done = spawnSync(compiler, ['-x', 'c++', '-', `-fsanitize=${which}`, '-o', join(folder, 'probe')], {
    input: 'int main() {}',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  rmSync(folder, { recursive: true, force: true });
  return done.status === 0;
}

/** How to build it, under what name: a compiler, flags of compiling and linking, and the processor family. */
export interface Target {
  readonly name: string;
  readonly compiler: string;
  readonly flags: readonly string[];
  readonly link: readonly string[];
  readonly arch: string;
}

/** Under sanitizers, for this machine. */
export const sanitized = (compiler: string, which: Sanitizers = 'address,undefined'): Target => ({
  name: which.replace(',', '-'),
  compiler,
  flags: [
    '-std=c++17',
    '-O1',
    '-g',
    '-ffp-contract=fast',
    `-fsanitize=${which}`,
    '-fno-sanitize-recover=all',
  ],
  link: [`-fsanitize=${which}`],
  arch: process.arch,
});

/** The kernels to fuzz: those of the addon, and the widest one in instructions that every AVX2 machine has. */
function kernels(arch: string) {
  const names = '-DGW_ARCH=wide -DGW_TABLE=kernelsWide -DGW_NAME="wide" -DVL=16 -DMR=8 -Wno-psabi'.split(' ');
  const wide = { name: 'wide', flags: arch === 'x64' ? ['-mavx2', '-mfma', ...names] : names };
  return [...kernelFlags(arch), wide];
}

/** Builds the fuzzer; the binary stays in build/ as long as the sources do. */
export async function buildFuzzer(target: Target): Promise<string> {
  const { name, compiler, flags: common, link, arch } = target;
  const hash = createHash('sha256').update(JSON.stringify([target, kernels(arch)]));
  for (const file of readdirSync(nativeFolder).sort()) hash.update(readFileSync(join(nativeFolder, file)));
  const folder = join(nativeFolder, '..', 'build', `fuzz-${arch}-${name}`);
  const binary = join(folder, `fuzz-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(binary)) return binary;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const jobs = [
    ...kernels(arch).map((kernel) => [`kernel-${kernel.name}.o`, 'kernel.cc', kernel.flags] as const),
    ...['store', 'pool', 'decode', 'fuzz'].map(
      (part) => [`${part}.o`, `${part}.cc`, [] as string[]] as const,
    ),
  ];
  const objects = jobs.map(([object]) => join(folder, object));
  const worker = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      const [object, source, flags] = job;
      const files = ['-c', join(nativeFolder, source), '-o', join(folder, object)];
      await run(compiler, [...common, ...strict, ...flags, ...files]);
    }
  };
  await Promise.all([worker(), worker()]);
  await run(compiler, [...link, '-pthread', '-o', `${binary}.new`, ...objects]);
  renameSync(`${binary}.new`, binary);
  for (const object of objects) rmSync(object);
  return binary;
}

/** Runs it on the plans of these cells, by an emulator where one is named; gives its exit code and what it printed. */
export function fuzz(
  binary: string,
  cells: readonly AnyCell[],
  seconds: number,
  seed: number,
  emulator?: string,
) {
  const lines = cells.map(recordProgram).flatMap((program) =>
    [false, true].flatMap((zoneout) => {
      const { words, constants } = compile(program, { record: true, zoneout });
      return [words.join(' '), constants.join(' ')];
    }),
  );
  const [program, ...args] = [...(emulator ? [emulator] : []), binary, String(seconds), String(seed)];
  const done = spawnSync(program!, args, {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
    env: { ...process.env, UBSAN_OPTIONS: 'print_stacktrace=1', ASAN_OPTIONS: 'detect_leaks=1' },
  });
  return { status: done.status, text: done.stdout + done.stderr };
}
