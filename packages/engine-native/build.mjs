import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

// Builds the addon: `node packages/engine-native/build.mjs [--force]`. One binary serves every Node from 20 on.

const here = dirname(fileURLToPath(import.meta.url));
export const nativeFolder = join(here, 'native');
export const addonFile = join(here, 'build', 'gatewise_native.node');
const stampFile = join(here, 'build', 'stamp.txt');

/** A build that cannot go on: a code, and what was got, wanted and likely helps. */
export class BuildError extends Error {
  constructor(code, message) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

const common = ['-std=c++17', '-O3', '-ffp-contract=fast', '-fno-math-errno', '-fPIC', '-fvisibility=hidden'];
const warnings = ['-Wall', '-Wextra'];

/** The instruction sets of this processor family: name, floats a vector, rows a tile, flags. */
export function kernelFlags(arch = process.arch) {
  const kernel = (name, table, VL, MR, flags) => ({
    name,
    flags: [
      ...flags,
      `-DGW_ARCH=${name}`,
      `-DGW_TABLE=${table}`,
      `-DGW_NAME="${name}"`,
      `-DVL=${VL}`,
      `-DMR=${MR}`,
    ],
  });
  const avx2 = ['-mavx2', '-mfma'];
  const avx512 = [
    ...avx2,
    '-mavx512f',
    '-mavx512vl',
    '-mavx512dq',
    '-mavx512bw',
    '-mprefer-vector-width=512',
  ];
  const baseline = kernel('baseline', 'kernelsBaseline', 4, 6, []);
  if (arch !== 'x64') return [baseline];
  return [
    baseline,
    kernel('avx2', 'kernelsAvx2', 8, 6, avx2),
    kernel('avx512', 'kernelsAvx512', 16, 8, avx512),
  ];
}

/** The first C++ compiler that answers; throws GW_SETUP_COMPILER. */
export function findCompiler(candidates = [process.env.CXX, 'c++', 'g++', 'clang++']) {
  const names = candidates.filter((name) => name);
  const found = process.platform === 'win32' ? undefined : names.find(answers);
  if (found) return found;
  throw new BuildError(
    'GW_SETUP_COMPILER',
    `got no C++ compiler (tried ${names.join(', ')}), wanted GCC or Clang; likely fix: install g++ (Debian: apt-get install g++, macOS: xcode-select --install) and run npm run setup:native, or do without: the other engines serve`,
  );
}
const answers = (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0;

/** The folder of node_api.h, from the package node-api-headers. */
function headers() {
  const require = createRequire(import.meta.url);
  return require('node-api-headers').include_dir;
}

/** What decides whether a build is up to date: the sources, the flags, the compiler, the processor family. */
function stampOf(compiler) {
  const hash = createHash('sha256');
  const version = spawnSync(compiler, ['--version'], { encoding: 'utf8' }).stdout;
  hash.update(JSON.stringify([compiler, version, process.platform, process.arch, common, kernelFlags()]));
  for (const file of readdirSync(nativeFolder).sort()) {
    hash.update(`${file}\n`).update(readFileSync(join(nativeFolder, file)));
  }
  return hash.digest('hex');
}

/** The compilations: [name of the object, flags, source]. */
export function compilations(include) {
  const node = ['-isystem', include, '-DNAPI_VERSION=8'];
  const plain = ['store', 'pool', 'decode', 'arguments', 'dense', 'update', 'ulp', 'binding'];
  return [
    ...kernelFlags().map(({ name, flags }) => [`kernel-${name}`, flags, 'kernel.cc']),
    ...plain.map((name) => [name, node, `${name}.cc`]),
  ];
}

const run = promisify(execFile);

async function compileAndLink(compiler, folder) {
  const objects = [];
  const jobs = compilations(headers()).map(([name, flags, source]) => async () => {
    const object = join(folder, `${name}.o`);
    objects.push(object);
    await run(compiler, [...common, ...warnings, ...flags, '-c', join(nativeFolder, source), '-o', object]);
  });
  // two at a time: enough for small machines, and no storm on a shared one
  const worker = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) await job();
  };
  await Promise.all([worker(), worker()]);
  const shared = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];
  const linked = join(folder, 'gatewise_native.node');
  await run(compiler, [...shared, '-pthread', '-o', linked, ...objects.sort()]);
  return linked;
}

/** True when the addon is there, made of these sources with these flags. Throws GW_SETUP_COMPILER. */
export function isBuilt(stamp = stampOf(findCompiler())) {
  return existsSync(addonFile) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;
}

/** Builds what is not up to date; gives 'built' or 'skipped'. Throws GW_SETUP_COMPILER, GW_SETUP_NATIVE. */
export async function buildNative({ force = false, compiler = findCompiler() } = {}) {
  const stamp = stampOf(compiler);
  if (isBuilt(stamp) && !force) return 'skipped';
  const folder = join(tmpdir(), `gatewise-native-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  mkdirSync(dirname(addonFile), { recursive: true });
  try {
    const linked = await compileAndLink(compiler, folder);
    // moved into place whole: a process that has the old one loaded keeps it
    writeFileSync(`${addonFile}.new`, readFileSync(linked));
    renameSync(`${addonFile}.new`, addonFile);
    writeFileSync(stampFile, stamp);
  } catch (cause) {
    throw new BuildError(
      'GW_SETUP_NATIVE',
      `got an error of ${compiler} (${cause.stderr ?? cause.message}), wanted the addon; likely fix: GCC 9 or Clang 10 or newer`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return 'built';
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    const done = await buildNative({ force: process.argv.includes('--force') });
    console.log(`engine-native: ${done === 'built' ? `built ${addonFile}` : 'up to date'}`);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
