import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

// Each test runs the real scripts in a small clone of its own: a manifest, a lock file, scripts, nothing installed.

const scripts = dirname(fileURLToPath(import.meta.url));
let clone: string;
const wasm = join('packages', 'engine-wasm');

const answers = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;
const hasTools =
  process.platform === 'linux' && answers('c++', '--version') && answers('python3', '-m', 'pip', '--version');

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'gatewise-scripts-'));
  mkdirSync(join(clone, 'scripts'));
  for (const file of [
    'setup.mjs',
    'setup-tensorflow.mjs',
    'tensorflow-wheel.mjs',
    'check.mjs',
    'packages.mjs',
    'setup-native.mjs',
    'setup-wasm.mjs',
    'quickstart.mjs',
    'golden.mjs',
  ]) {
    copyFileSync(join(scripts, file), join(clone, 'scripts', file));
  }
  mkdirSync(join(clone, wasm), { recursive: true });
  copyFileSync(join(scripts, '..', wasm, 'build.mjs'), join(clone, wasm, 'build.mjs'));
  writeFileSync(join(clone, 'package.json'), '{ "name": "clone", "version": "1.0.0" }');
  writeLock('1.0.0');
});

afterEach(() => rmSync(clone, { recursive: true, force: true }));

function writeLock(version: string): void {
  const manifest = { name: 'clone', version };
  const lock = { ...manifest, lockfileVersion: 3, requires: true, packages: { '': manifest } };
  writeFileSync(join(clone, 'package-lock.json'), JSON.stringify(lock));
}

function run(program: string) {
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: clone,
    encoding: 'utf8',
  });
  return { status: child.status, output: child.stdout + child.stderr };
}

describe('ensureNodeVersion', () => {
  const at = (version: string) =>
    run(`
      import { ensureNodeVersion, main } from './scripts/setup.mjs';
      await main(async () => ensureNodeVersion('${version}'));
    `);

  it.each(['20.19.0', '20.20.2', '22.0.0', '26.10.0'])('takes Node %s', (version) => {
    expect(at(version)).toEqual({ status: 0, output: '' });
  });

  it.each(['18.20.8', '20.9.0', '20.18.3'])('refuses Node %s with the oldest that serves', (version) => {
    const { status, output } = at(version);
    expect(status).toBe(1);
    expect(output).toMatch(new RegExp(`^GW_SETUP_NODE: got Node ${version}, wanted 20.19.0 or newer`));
  });
});

describe('ensureDependencies', () => {
  const ensure = () =>
    run(`
      import { ensureDependencies, main } from './scripts/setup.mjs';
      await main(async () => console.log(ensureDependencies()));
    `);

  it('installs what is missing, skips what is done, and installs again when the lock file changed', () => {
    expect(ensure().output).toMatch(
      /^setup: installing npm packages as package-lock\.json says, because .* missing[\s\S]*\ninstalled\n/,
    );
    expect(ensure().output).toBe('skipped\n');
    writeLock('1.0.1');
    writeFileSync(
      join(clone, 'package.json'),
      '{ "name": "clone", "version": "1.0.1", "dependencies": { "x": "file:x.tgz" } }',
    );
    const { status, output } = ensure();
    expect(status).toBe(1);
    expect(output).toMatch(
      /because package-lock\.json changed[\s\S]*GW_SETUP_NPM: npm install ended with exit code \d+/,
    );
    writeFileSync(join(clone, 'package.json'), '{ "name": "clone", "version": "1.0.1" }');
    expect(ensure().output).toMatch(/package-lock\.json changed[\s\S]*\ninstalled\n/);
  });

  it('installs again when the packages are gone and only the cache is left', () => {
    ensure();
    rmSync(join(clone, 'node_modules'), { recursive: true });
    mkdirSync(join(clone, 'node_modules', '.cache', 'gatewise'), { recursive: true });
    expect(ensure().output).toMatch(/\ninstalled\n/);
  });
});

describe('setup-tensorflow', () => {
  const bin = () => join(clone, 'bin');

  /** Only the commands named are on the path. */
  function setup(commands: string[], env: Record<string, string> = { PATH: bin() }) {
    mkdirSync(bin(), { recursive: true });
    for (const command of commands) {
      const found = spawnSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).stdout.trim();
      symlinkSync(found, join(bin(), command));
    }
    mkdirSync(join(clone, 'node_modules'), { recursive: true });
    const script = join(clone, 'scripts', 'setup-tensorflow.mjs');
    const program = `
      import { main } from './scripts/setup.mjs';
      import { setupTensorflow } from ${JSON.stringify(script)};
      await main(setupTensorflow);
    `;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: clone,
      encoding: 'utf8',
      env,
    });
    return { status: child.status, output: child.stdout + child.stderr };
  }

  /** The package without its addon, its download host a closed port of this machine. */
  function installPackage({ headers = true } = {}): void {
    const folder = join(clone, 'node_modules', '@tensorflow', 'tfjs-node');
    mkdirSync(folder, { recursive: true });
    const manifest = { name: '@tensorflow/tfjs-node', binary: { host: 'http://127.0.0.1:9/' } };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    const installed = join(scripts, '..', 'node_modules', 'node-api-headers');
    if (headers) symlinkSync(installed, join(clone, 'node_modules', 'node-api-headers'), 'junction');
  }

  it('names the npm package when it is not installed', () => {
    const { status, output } = setup([]);
    expect(status).toBe(1);
    expect(output).toMatch(/^GW_SETUP_TFJS_NODE: .*npm install/);
  });

  it.runIf(process.platform === 'linux')('names the compiler when there is none', () => {
    installPackage();
    const { status, output } = setup([]);
    expect(status).toBe(1);
    expect(output).toMatch(/official download left out[\s\S]*GW_SETUP_COMPILER: .*apt install g\+\+/);
  });

  it.runIf(process.platform === 'linux')('names the headers when they are not installed', () => {
    installPackage({ headers: false });
    const { status, output } = setup(['c++']);
    expect(status).toBe(1);
    expect(output).toMatch(/GW_SETUP_HEADERS: .*npm install/);
  });

  it('says where the wheel serves, and what else there is elsewhere', () => {
    installPackage();
    const { status, output } = run(`
      Object.defineProperty(process, 'platform', { value: 'sunos' });
      const { main } = await import('./scripts/setup.mjs');
      const { setupTensorflow } = await import('./scripts/setup-tensorflow.mjs');
      await main(setupTensorflow);
    `);
    expect(status).toBe(1);
    expect(output).toMatch(
      /GW_SETUP_PLATFORM: got sunos-.*, wanted linux-x64 or linux-arm64.*backend cpu or wasm/,
    );
  });

  it.runIf(process.platform === 'linux')('names python3 when there is none', () => {
    installPackage();
    const { status, output } = setup(['c++']);
    expect(status).toBe(1);
    expect(output).toMatch(/GW_SETUP_PYTHON: .*apt install python3 python3-pip/);
  });

  it.runIf(process.platform === 'linux')('names pip when python3 comes without it', () => {
    installPackage();
    mkdirSync(bin(), { recursive: true });
    const python = '#!/bin/sh\n[ "$1" = --version ]\n';
    writeFileSync(join(bin(), 'python3'), python, { mode: 0o755 });
    const { status, output } = setup(['c++']);
    expect(status).toBe(1);
    expect(output).toMatch(/GW_SETUP_PIP: .*apt install python3-pip/);
  });

  it.runIf(hasTools)("says what pip said when the wheel can't be had", () => {
    installPackage();
    const { status, output } = setup([], {
      PATH: process.env.PATH ?? '',
      PIP_CONFIG_FILE: '/dev/null',
      PIP_NO_INDEX: '1',
    });
    expect(status).toBe(1);
    expect(output).toMatch(
      /GW_SETUP_WHEEL: pip could not download tensorflow[\s\S]*No matching distribution/,
    );
    expect(existsSync(join(clone, 'node_modules', '.cache', 'gatewise', 'tensorflow-2.21.0'))).toBe(false);
  });
});

describe('check', () => {
  it('names the parts when it is given an unknown one', () => {
    const child = spawnSync(process.execPath, ['scripts/check.mjs', '--only', 'tests,style'], {
      cwd: clone,
      encoding: 'utf8',
    });
    expect(child.status).toBe(1);
    expect(child.stderr).toMatch(
      /^GW_SETUP_PART: got --only "style", wanted a list of lint, typecheck, build, tests/,
    );
  });
});

describe('quickstart', () => {
  it('does without a compiler, passes arguments, the exit code and a signal on, and lets the program clean up', async () => {
    mkdirSync(join(clone, 'examples', '00-quickstart'), { recursive: true });
    writeFileSync(
      join(clone, 'examples', '00-quickstart', 'index.ts'),
      `
        import { writeFileSync } from 'node:fs';
        process.on('SIGTERM', () => setTimeout(() => { writeFileSync('cleaned', ''); process.exit(7); }, 200));
        setInterval(() => {}, 1000);
        console.log(process.argv.slice(2).join(' '));
      `,
    );
    mkdirSync(join(clone, 'node_modules', '.cache'), { recursive: true });
    for (const name of ['tsx', 'assemblyscript']) {
      symlinkSync(join(scripts, '..', 'node_modules', name), join(clone, 'node_modules', name), 'junction');
    }
    // compiled already: what the tests run with
    for (const part of ['assembly', 'src']) {
      cpSync(join(scripts, '..', wasm, part), join(clone, wasm, part), { recursive: true });
    }
    writeFileSync(join(clone, 'node_modules', '.package-lock.json'), '{ "packages": {} }');
    mkdirSync(join(clone, 'packages', 'engine-native'), { recursive: true });
    const build = join('packages', 'engine-native', 'build.mjs');
    copyFileSync(join(scripts, '..', build), join(clone, build));
    const noCompiler = { ...process.env, CXX: '', PATH: clone };
    const child = spawn(process.execPath, ['scripts/quickstart.mjs', '--steps', '3'], {
      cwd: clone,
      env: noCompiler,
    });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    expect((await lines.next()).value).toMatch(
      /^setup:native: left out, .* GW_SETUP_COMPILER: got no C\+\+ compiler/,
    );
    expect((await lines.next()).value).toBe('--steps 3');
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    expect(code).toBe(7);
    expect(existsSync(join(clone, 'cleaned'))).toBe(true);
  });
});
