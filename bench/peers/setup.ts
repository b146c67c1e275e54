import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmPeers, peersFolder, python } from './places.js';

/** What is set up as one. */
export type PeerGroup = 'python' | 'tensorflow' | 'torch' | 'npm';

const MINUTES = 60_000;
/** Torch's is a build for CUDA where PyPI has no other: large. */
const LIMIT = 12 * MINUTES;

type Say = (line: string) => void;

const requirements: Record<PeerGroup, string> = {
  python: 'requirements.txt',
  tensorflow: 'requirements-tensorflow.txt',
  torch: 'requirements-torch.txt',
  npm: 'package.json',
};

/**
 * Sets the peers up that are not there yet, each group by itself, into bench/.peers. What was done is marked, so that a
 * second run goes on where the first one ended. Gives, by group, why it is missing.
 */
export async function setupPeers(groups: readonly PeerGroup[], say: Say): Promise<Map<PeerGroup, string>> {
  const missing = new Map<PeerGroup, string>();
  mkdirSync(peersFolder, { recursive: true });
  // python first: the others are installed into its environment
  const wanted = (['python', 'tensorflow', 'torch', 'npm'] as const).filter((group) =>
    groups.includes(group),
  );
  for (const group of wanted) {
    if (isPresent(group)) continue;
    try {
      if (group === 'npm') await setupNpm(say);
      else await setupPython(group, say);
      writeFileSync(join(peersFolder, `${group}.ok`), markOf(group));
    } catch (error) {
      missing.set(group, (error as Error).message);
      say(`${group} is left out: ${(error as Error).message}`);
    }
  }
  return missing;
}

/** The groups that are set up now; nothing is changed. */
export function presentGroups(): PeerGroup[] {
  return (Object.keys(requirements) as PeerGroup[]).filter(isPresent);
}

/** Done with these very requirements, and not taken away since. */
function isPresent(group: PeerGroup): boolean {
  const mark = join(peersFolder, `${group}.ok`);
  const place = group === 'npm' ? join(npmPeers, 'node_modules') : python.program;
  return existsSync(place) && existsSync(mark) && readFileSync(mark, 'utf8') === markOf(group);
}

const markOf = (group: PeerGroup) =>
  createHash('sha256')
    .update(readFileSync(join(python.scripts, requirements[group])))
    .digest('hex');

async function setupNpm(say: Say): Promise<void> {
  say('installing onnxruntime-node and brain.js with npm (about 300 MB)');
  mkdirSync(npmPeers, { recursive: true });
  copyFileSync(join(python.scripts, 'package.json'), join(npmPeers, 'package.json'));
  // without their scripts: those download parts for GPUs from outside the registry
  await call('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], npmPeers);
}

async function setupPython(group: Exclude<PeerGroup, 'npm'>, say: Say): Promise<void> {
  if (!existsSync(python.program)) {
    say('making a Python environment');
    const found = process.platform === 'win32' ? 'python' : 'python3';
    await call(found, ['-m', 'venv', python.environment], peersFolder);
  }
  if (group === 'torch') return setupTorch(say);
  say(`installing ${requirements[group]} with pip${group === 'tensorflow' ? ' (about 300 MB)' : ''}`);
  await pip(['install', '-r', join(python.scripts, requirements[group])]);
}

const pip = (args: readonly string[]) =>
  call(
    python.program,
    ['-m', 'pip', '--disable-pip-version-check', '--no-input', '-q', ...args],
    peersFolder,
  );

/** A build for the CPU where pip is led to one; else PyPI's build for CUDA, with stubs for the libraries that it misses. */
async function setupTorch(say: Say): Promise<void> {
  const [torch, ...others] = readFileSync(join(python.scripts, requirements.torch), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#')) as [string, ...string[]];
  say('looking for a build of torch for the CPU');
  try {
    await pip(['install', `${torch}+cpu`]);
    return;
  } catch {
    say("pip knows none: installing PyPI's build (about 600 MB)");
  }
  const cuda = others.filter((line) => line.startsWith('nvidia-'));
  await pip(['install', '--no-deps', torch, ...(process.platform === 'linux' ? cuda : [])]);
  await pip(['install', ...others.filter((line) => !line.startsWith('nvidia-'))]);
  if (await imports('torch')) return;
  say('writing stubs for the CUDA libraries that torch links and the CPU never calls');
  await call(python.program, [join(python.scripts, 'torch_cpu_stubs.py')], peersFolder);
  if (!(await imports('torch'))) throw new Error('torch does not load, stubs or not');
}

async function imports(name: string): Promise<boolean> {
  try {
    await call(python.program, ['-c', `import ${name}`], peersFolder);
    return true;
  } catch {
    return false;
  }
}

/** Runs a program; throws with its last words, also when it takes longer than LIMIT. */
function call(program: string, args: readonly string[], cwd: string): Promise<void> {
  const child = spawn(program, [...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32' && program === 'npm',
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-2000);
    });
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT);
  return new Promise((done, fail) => {
    child.once('error', (error) => fail(new Error(`${program}: ${error.message}`)));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const last = said.trim().split('\n').slice(-2).join(' | ');
      if (code === 0) done();
      else if (signal) fail(new Error(`${program} took longer than ${LIMIT / MINUTES} minutes`));
      else fail(new Error(`${program} ended with exit code ${code}: ${last}`));
    });
  });
}
