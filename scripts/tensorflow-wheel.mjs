import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, root, SetupError, tail } from './setup.mjs';

const wheelVersion = '2.21.0';

export const tfjsNode = join(root, 'node_modules', '@tensorflow', 'tfjs-node');
export const addon = join(tfjsNode, 'lib', 'napi-v8', 'tfjs_binding.node');
const libraryFolder = join(tfjsNode, 'deps', 'lib');
const wheelFolder = join(cacheFolder, `tensorflow-${wheelVersion}`);

export const say = (line) => console.log(`setup:tensorflow: ${line}`);

/** Libraries from the wheel, headers from node-api-headers, and one call of the C++ compiler; gives the wheel's name. */
export function buildFromWheel() {
  const wheel = wheelForThisMachine();
  const compiler = findCompiler();
  const headers = findNodeApiHeaders();
  fetchWheel(wheel);
  linkLibraries();
  compileAddon(compiler, headers);
  return wheel.name;
}

function wheelForThisMachine() {
  const machine = `${process.platform}-${process.arch}`;
  const platforms = (cpu) => [`manylinux_2_27_${cpu}`, `manylinux_2_17_${cpu}`, `manylinux2014_${cpu}`];
  if (machine === 'linux-x64') return { name: 'tensorflow-cpu', platforms: platforms('x86_64') };
  if (machine === 'linux-arm64') return { name: 'tensorflow', platforms: platforms('aarch64') };
  throw new SetupError(
    'GW_SETUP_PLATFORM',
    `got ${machine}, wanted linux-x64 or linux-arm64 for a build from the wheel; elsewhere only the official download serves: try again where its host answers, or use the backend cpu or wasm`,
  );
}

function findCompiler() {
  const candidates = [process.env.CXX, 'c++', 'g++', 'clang++'].filter(Boolean);
  const found = candidates.find((name) => spawnSync(name, ['--version']).status === 0);
  if (found !== undefined) return found;
  throw new SetupError(
    'GW_SETUP_COMPILER',
    `got no C++ compiler (tried ${candidates.join(', ')}), wanted one that knows C++17; likely fix: apt install g++, or set CXX`,
  );
}

function findPython() {
  const found = ['python3', 'python'].find((name) => spawnSync(name, ['--version']).status === 0);
  if (found === undefined) {
    throw new SetupError(
      'GW_SETUP_PYTHON',
      'got no python3, wanted one with pip to fetch the TensorFlow wheel; likely fix: apt install python3 python3-pip',
    );
  }
  if (spawnSync(found, ['-m', 'pip', '--version']).status !== 0) {
    throw new SetupError(
      'GW_SETUP_PIP',
      `got ${found} without pip, wanted pip to fetch the TensorFlow wheel; likely fix: apt install python3-pip`,
    );
  }
  return found;
}

const unzip = `
import glob, os, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(os.path.join(sys.argv[1], '*.whl'))[0])
libraries = ('tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2')
folders = ('c/', 'core/platform/ctstring', 'tsl/platform/ctstring', 'xla/tsl/c/')
headers = tuple('tensorflow/include/' + part for part in ('tensorflow/' + folders[0], 'tensorflow/' + folders[1], *folders[2:]))
for name in wheel.namelist():
    if name in libraries or name.startswith(headers):
        wheel.extract(name, sys.argv[2])
`;

/** Keeps two libraries and the C headers (0.85 GB) and drops the wheel: a second run needs no network. */
function fetchWheel({ name, platforms }) {
  if (existsSync(wheelFolder)) {
    say(`${name} ${wheelVersion}: already in the cache`);
    return;
  }
  const python = findPython();
  say(`downloading the ${name} ${wheelVersion} wheel (270 MB) with pip, for its two libraries and C headers`);
  const partial = `${wheelFolder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  // The libraries do not depend on Python: any one Python's wheel serves, whichever runs here.
  const target = ['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311'];
  const options = [
    '--no-deps',
    '--only-binary=:all:',
    '--no-cache-dir',
    '--disable-pip-version-check',
    '--quiet',
  ];
  const where = platforms.flatMap((platform) => ['--platform', platform]);
  const arguments_ = ['-m', 'pip', 'download', ...options, ...target, ...where, '-d', partial];
  const got = spawnSync(python, [...arguments_, `${name}==${wheelVersion}`], { encoding: 'utf8' });
  if (got.status !== 0) {
    throw new SetupError(
      'GW_SETUP_WHEEL',
      `pip could not download ${name} ${wheelVersion}; check the network and pip's index. It said:\n${tail(got)}`,
    );
  }
  say('unpacking the two libraries and the C headers');
  const unpacked = spawnSync(python, ['-c', unzip, partial, partial], { encoding: 'utf8' });
  if (unpacked.status !== 0) {
    throw new SetupError(
      'GW_SETUP_WHEEL',
      `the wheel could not be unpacked, 1.2 GB of free disk are needed. Python said:\n${tail(unpacked)}`,
    );
  }
  for (const file of readdirSync(partial).filter((file) => file.endsWith('.whl')))
    rmSync(join(partial, file));
  renameSync(partial, wheelFolder);
}

/** Node's C interface is the same for every version, so the addon serves Node 20 to 26. */
function findNodeApiHeaders() {
  const headers = join(root, 'node_modules', 'node-api-headers', 'include');
  if (existsSync(headers)) return headers;
  throw new SetupError(
    'GW_SETUP_HEADERS',
    'got no node_modules/node-api-headers, wanted the headers to compile against; likely fix: npm install',
  );
}

/** The names that tfjs-node's installer looks for, so that a later `npm rebuild` does not wipe the folder. */
function linkLibraries() {
  say('linking the libraries into deps/lib of tfjs-node');
  rmSync(join(tfjsNode, 'deps'), { recursive: true, force: true });
  mkdirSync(libraryFolder, { recursive: true });
  const unpacked = join(wheelFolder, 'tensorflow');
  cpSync(join(unpacked, 'include'), join(tfjsNode, 'deps', 'include'), { recursive: true });
  for (const [name, file] of [
    ['libtensorflow', 'libtensorflow_cc.so.2'],
    ['libtensorflow_framework', 'libtensorflow_framework.so.2'],
  ]) {
    linkOrCopy(join(unpacked, file), join(libraryFolder, file));
    for (const alias of [`${name}.so`, `${name}.so.2`, `${name}.so.2.9.1`]) {
      if (alias !== file) symlinkSync(file, join(libraryFolder, alias));
    }
  }
}

function linkOrCopy(from, to) {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

function compileAddon(compiler, headers) {
  say(`compiling the addon with ${compiler} (about 10 s)`);
  mkdirSync(join(addon, '..'), { recursive: true });
  const partial = `${addon}.partial`;
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join('binding', file));
  const flags = ['-std=c++17', '-O2', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8'];
  const libraries = [
    '-Ldeps/lib',
    '-ltensorflow',
    '-ltensorflow_framework',
    '-Wl,-rpath,$ORIGIN/../../deps/lib',
  ];
  const done = spawnSync(
    compiler,
    [...flags, '-Ideps/include', `-I${headers}`, ...sources, '-o', partial, ...libraries],
    { cwd: tfjsNode, encoding: 'utf8' },
  );
  if (done.status !== 0) {
    throw new SetupError(
      'GW_SETUP_BUILD',
      `${compiler} could not compile the addon. It said:\n${tail(done)}`,
    );
  }
  renameSync(partial, addon);
}
