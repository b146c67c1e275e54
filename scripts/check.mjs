import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cacheFolder, ensureDependencies, ensureNodeVersion, main, root, SetupError } from './setup.mjs';

const parts = {
  lint: () => tool('@biomejs/biome', 'biome', ['check', '--error-on-warnings', '.']),
  typecheck: () => tool('nx', 'nx', ['run-many', '-t', 'typecheck']),
  build: () => tool('nx', 'nx', ['run-many', '-t', 'build']),
  tests: runTests,
  packages: checkPackages,
  knip: () => tool('knip', 'knip', []),
};

/**
 * Runs every part, also after one has failed, and ends with the line `N passed, N failed, N skipped`: the tests'
 * counts, and one more failed for each other part that failed. Returns true when nothing failed.
 */
export async function runChecks(only = Object.keys(parts)) {
  const outcomes = [];
  for (const name of only) {
    console.log(`\n== ${name}`);
    const start = performance.now();
    const { ok, counts = none } = await parts[name]();
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`== ${name}: ${ok ? 'passed' : 'FAILED'} in ${seconds} s`);
    outcomes.push({ name, ok, counts });
  }
  return summarise(outcomes);
}

const none = { passed: 0, failed: 0, skipped: 0 };

function summarise(outcomes) {
  const broken = outcomes.filter(({ ok }) => !ok);
  console.log(
    broken.length === 0 ? '\nEvery part passed.' : `\nFailed: ${broken.map(({ name }) => name).join(', ')}.`,
  );
  const sum = (key) => outcomes.reduce((total, { counts }) => total + counts[key], 0);
  const partsFailed = broken.filter(({ counts }) => counts.failed === 0).length;
  console.log(`${sum('passed')} passed, ${sum('failed') + partsFailed} failed, ${sum('skipped')} skipped`);
  return broken.length === 0;
}

/** One vitest for the whole repository; `environment` chooses the long tests. */
export async function runTests(environment = {}) {
  const report = join(cacheFolder, 'vitest.json');
  mkdirSync(cacheFolder, { recursive: true });
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { ok } = await tool('vitest', 'vitest', ['run', ...reporters], environment);
  if (!existsSync(report)) return { ok: false };
  const counted = JSON.parse(readFileSync(report, 'utf8'));
  return {
    ok,
    counts: {
      passed: counted.numPassedTests,
      failed: counted.numFailedTests,
      skipped: counted.numPendingTests + counted.numTodoTests,
    },
  };
}

/** What a user of each published package would meet: its exports (publint) and its types (attw). */
async function checkPackages() {
  let ok = true;
  for (const folder of publicPackages()) {
    console.log(`-- ${folder}`);
    const shape = await tool('publint', 'publint', ['run', folder, '--strict', '--pack', 'npm']);
    const types = await tool('@arethetypeswrong/cli', 'attw', [
      '--pack',
      folder,
      '--profile',
      'esm-only',
      '-f',
      'ascii',
    ]);
    ok &&= shape.ok && types.ok;
  }
  return { ok };
}

function publicPackages() {
  return ['packages', 'plugins'].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => `${group}/${name}`)
      .filter((folder) => existsSync(join(root, folder, 'package.json')))
      .filter(
        (folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).private !== true,
      ),
  );
}

/** Runs a command of an installed npm package in the root, its output passing through. */
function tool(packageName, command, args, environment = {}) {
  const folder = join(root, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = join(folder, typeof bin === 'string' ? bin : bin[command]);
  const child = spawn(process.execPath, [file, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', ...environment },
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (signal === 'SIGINT') process.exit(130); // Ctrl-C ends the whole run, not one part of it
      resolve({ ok: code === 0 });
    });
  });
}

/** `--only lint,tests` runs some parts; throws GW_SETUP_PART for a part that does not exist. */
export function partsFrom(args) {
  const at = args.indexOf('--only');
  if (at === -1) return undefined;
  const names = (args[at + 1] ?? '').split(',');
  const unknown = names.filter((name) => !Object.hasOwn(parts, name));
  if (unknown.length === 0) return names;
  throw new SetupError(
    'GW_SETUP_PART',
    `got --only ${JSON.stringify(unknown.join())}, wanted a list of ${Object.keys(parts).join(', ')}; likely fix: --only tests,lint`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    const only = partsFrom(process.argv);
    ensureNodeVersion();
    ensureDependencies();
    if (!(await runChecks(only))) process.exitCode = 1;
  });
}
