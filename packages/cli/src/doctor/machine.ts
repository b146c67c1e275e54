import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkCuda } from '@gatewise/backends';
import { relaxedSimd, simd, threads } from 'wasm-feature-detect';
import { type Finding, partsOf } from './finding.js';

const oldestNode = [20, 19] as const;

export function nodeFinding(version = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const ok = major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1]);
  return {
    name: 'Node',
    ok,
    found: `${version} on ${process.platform} ${process.arch}`,
    required: true,
    why: `${oldestNode.join('.')} or newer is needed`,
    ...(!ok && { fix: 'install a supported Node: 20.19+, 22, 24 or 26' }),
  };
}

/** The features of WebAssembly that engines and backends use. */
export async function wasmFindings(): Promise<Finding[]> {
  const features = [
    ['SIMD', simd, 'the engine wasm needs it; without it recurrent layers run as single ops'],
    ['relaxed SIMD', relaxedSimd, 'the engine wasm multiplies and adds in one instruction with it'],
    ['threads', threads, 'the backend wasm uses several cores with it'],
  ] as const;
  const found = features.map(async ([name, detect, why]) => {
    const ok = await detect();
    const said = ok ? 'yes' : `not in this Node, ${process.version}`;
    return { name: `WASM ${name}`, ok, found: said, required: false, why, ...(!ok && { fix: newerNode }) };
  });
  return Promise.all(found);
}
const newerNode = 'a newer Node, 22 or later';

interface NativePackage {
  loadNative(): Promise<{ arch: string; threads: number } | { missing: Error }>;
}
/** In a variable: it is a peer that may be missing. */
const nativePackage = '@gatewise/engine-native';

/** The C++ engine. */
export async function nativeFinding(): Promise<Finding> {
  const about = {
    name: 'Engine native',
    required: false,
    why: 'runs recurrent layers fused in C++, several times faster than WebAssembly',
  };
  try {
    const loaded = await ((await import(nativePackage)) as NativePackage).loadNative();
    if (!('missing' in loaded))
      return { ...about, ok: true, found: `${loaded.arch}, ${loaded.threads} threads` };
    return { ...about, ok: false, found: partsOf(loaded.missing).found, fix: buildCommand() };
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return { ...about, ok: false, found: 'not installed', fix: `npm install ${nativePackage}` };
  }
}

/** The one command that compiles the addon, wherever the package lies. */
function buildCommand(): string {
  const build = fileURLToPath(new URL('../build.mjs', import.meta.resolve(nativePackage)));
  const near = relative(process.cwd(), build);
  return existsSync(build) ? `node ${near.startsWith('..') ? build : near}` : 'npm run setup:native';
}

/** Every library of CUDA and cuDNN by name. */
export function cudaFindings(): Finding[] {
  const { libraries, error } = checkCuda();
  const why = 'the backend node-gpu loads it; webgpu needs no CUDA';
  if (libraries.length === 0) {
    const { found = 'not for this system' } = error ? partsOf(error) : {};
    return [{ name: 'CUDA', ok: false, found, required: false, why }];
  }
  const fixes = error ? partsOf(error).fix : undefined;
  return libraries.map(({ name, of, path, version, problem }) => ({
    name: `${of}: ${name}`,
    ok: problem === null,
    found: problem ?? [version, path].filter((said) => said !== null).join(', '),
    required: false,
    why,
    ...(problem !== null && fixes !== undefined && { fix: fixes }),
  }));
}
