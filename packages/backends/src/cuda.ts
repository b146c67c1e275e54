import { GatewiseError } from '@gatewise/core';
import { builtin } from './environment.js';

/** A library that TensorFlow opens by its name when it starts on a GPU. */
export interface CudaLibrary {
  readonly name: string;
  readonly of: Part;
  /** Where it was found. */
  readonly path: string | null;
  /** As its file is called behind all links, `11.2.152`; null where the name tells none. */
  readonly version: string | null;
  /** Null, or what is wrong. */
  readonly problem: string | null;
}
type Part = 'CUDA 11.2' | 'cuDNN 8.1' | "NVIDIA's driver";

/** What `node-gpu` needs of the machine. */
export interface CudaReport {
  /** Empty on a system that tfjs-node-gpu was never built for. */
  readonly libraries: readonly CudaLibrary[];
  /** Where they were looked for. */
  readonly folders: readonly string[];
  /** Null where everything is there. */
  readonly error: GatewiseError | null;
}

/** Of tfjs-node-gpu 4.22, whose TensorFlow is 2.9.1: name on Linux and Windows, and the least version. */
const needed: readonly { part: Part; linux: string; windows: string; least?: readonly number[] }[] = [
  { part: "NVIDIA's driver", linux: 'libcuda.so.1', windows: 'nvcuda.dll', least: [450, 80] },
  { part: 'CUDA 11.2', linux: 'libcudart.so.11.0', windows: 'cudart64_110.dll', least: [11, 2] },
  { part: 'CUDA 11.2', linux: 'libcublas.so.11', windows: 'cublas64_11.dll' },
  { part: 'CUDA 11.2', linux: 'libcublasLt.so.11', windows: 'cublasLt64_11.dll' },
  { part: 'CUDA 11.2', linux: 'libcufft.so.10', windows: 'cufft64_10.dll' },
  { part: 'CUDA 11.2', linux: 'libcurand.so.10', windows: 'curand64_10.dll' },
  { part: 'CUDA 11.2', linux: 'libcusolver.so.11', windows: 'cusolver64_11.dll' },
  { part: 'CUDA 11.2', linux: 'libcusparse.so.11', windows: 'cusparse64_11.dll' },
  { part: 'cuDNN 8.1', linux: 'libcudnn.so.8', windows: 'cudnn64_8.dll', least: [8, 1] },
];

/**
 * Looks for the libraries of CUDA and cuDNN as the system's linker does; nothing is loaded.
 *
 * @example const { libraries, error } = checkCuda(); // error?.message names every missing one and how to get it
 */
export function checkCuda(): CudaReport {
  const { platform, arch } = process;
  if (arch !== 'x64' || (platform !== 'linux' && platform !== 'win32')) {
    return { libraries: [], folders: [], error: wrongSystem(`${platform} ${arch}`) };
  }
  const onLinux = platform === 'linux';
  const folders = onLinux ? foldersOfLinux() : foldersOfWindows();
  const cached = onLinux ? linkerCache() : new Map<string, string>();
  const libraries = needed.map(({ part, linux, windows, least }) => {
    const name = onLinux ? linux : windows;
    const path = findIn(folders, name) ?? cached.get(name) ?? findIn(last, name);
    return describe(name, part, path, least);
  });
  return { libraries, folders, error: errorOf(libraries, folders) };
}

/** Where Linux looks at last. */
const last = ['/lib64', '/usr/lib64', '/lib', '/usr/lib'];

const listOf = (paths: string | undefined): string[] =>
  (paths ?? '').split(builtin('node:path').delimiter).filter((folder) => folder !== '');
const foldersOfLinux = (): string[] => listOf(process.env.LD_LIBRARY_PATH);
const foldersOfWindows = (): string[] => [
  ...listOf(process.env.PATH),
  builtin('node:path').join(process.env.SystemRoot ?? 'C:\\Windows', 'System32'),
];

function findIn(folders: readonly string[], name: string): string | null {
  const { join } = builtin('node:path');
  const found = folders.map((folder) => join(folder, name)).find(builtin('node:fs').existsSync);
  return found ?? null;
}

/** What the linker knows besides LD_LIBRARY_PATH; a system without ldconfig has the last folders alone. */
function linkerCache(): Map<string, string> {
  const { spawnSync } = builtin('node:child_process');
  const text = ['/sbin/ldconfig', '/usr/sbin/ldconfig']
    .map((program) => spawnSync(program, ['-p'], { encoding: 'utf8' }).stdout)
    .find((stdout) => stdout);
  const lines = (text ?? '').matchAll(/^\s*(\S+) \([^)]*x86-64[^)]*\) => (\S+)$/gm);
  return new Map([...lines].reverse().map(([, name, path]) => [name!, path!])); // the first line of a name counts
}

function describe(
  name: string,
  of: Part,
  path: string | null,
  least: readonly number[] | undefined,
): CudaLibrary {
  if (path === null) return { name, of, path, version: null, problem: 'missing' };
  const version = versionOf(path);
  const old = least !== undefined && version !== null && isBelow(version, least);
  return { name, of, path, version, problem: old ? `older than ${least.join('.')}` : null };
}

/** `11.2.152` of libcudart.so.11.2.152, where the file behind the links says more than the name that was asked for. */
function versionOf(path: string): string | null {
  const { basename } = builtin('node:path');
  const real = basename(builtin('node:fs').realpathSync(path));
  return real === basename(path) ? null : (/\.so\.(\d+(?:\.\d+)*)$/.exec(real)?.[1] ?? null);
}

function isBelow(version: string, least: readonly number[]): boolean {
  const numbers = version.split('.').map(Number);
  const at = least.findIndex((n, k) => (numbers[k] ?? 0) !== n);
  return at >= 0 && (numbers[at] ?? 0) < least[at]!;
}

const fixes: Readonly<Record<Part, string>> = {
  "NVIDIA's driver": "the GPU's driver from NVIDIA, 450.80 or later (in a container: its container toolkit)",
  'CUDA 11.2':
    'CUDA 11.2 from NVIDIA, or conda install -c conda-forge cudatoolkit=11.2, with its lib folder in LD_LIBRARY_PATH (Windows: its bin folder in PATH)',
  'cuDNN 8.1':
    'cuDNN 8.1 for CUDA 11.2 from NVIDIA, or conda install -c conda-forge cudnn=8.1, in the same way',
};

function errorOf(libraries: readonly CudaLibrary[], folders: readonly string[]): GatewiseError | null {
  const wrong = libraries.filter(({ problem }) => problem !== null);
  if (wrong.length === 0) return null;
  const parts = [...new Set(wrong.map(({ of }) => of))];
  const say = ({ name, path, version, problem }: CudaLibrary) =>
    path === null ? name : `${name} (${version}, ${problem})`;
  const lists = parts.map(
    (part) =>
      `${wrong
        .filter(({ of }) => of === part)
        .map(say)
        .join(', ')} of ${part}`,
  );
  const where = folders.length > 0 ? ` in ${folders.join(', ')} or where the system has libraries` : '';
  return new GatewiseError(
    'GW_BACKEND_CUDA',
    `got no usable ${lists.join('; ')}${where}, wanted them for TensorFlow 2.9.1 of @tensorflow/tfjs-node-gpu; ` +
      `likely fix: ${parts.map((part) => fixes[part]).join('; ')}; or use webgpu, which needs no CUDA, or node`,
  );
}

const wrongSystem = (system: string) =>
  new GatewiseError(
    'GW_BACKEND_CUDA',
    `got ${system}, wanted Linux or Windows on x64, which @tensorflow/tfjs-node-gpu is built for; likely fix: use webgpu or node here`,
  );
