import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { faultsOf, pack, publicPackages, tool } from './packages.mjs';
import { cacheFolder, ensureDependencies, ensureNodeVersion, main, SetupError } from './setup.mjs';
import { setupWasm } from './setup-wasm.mjs';

const parts = {
  lint: () => tool('@biomejs/biome', 'biome', ['check', '--error-on-warnings', '.']),
  // one program over all sources: the types of tf.js are read once, not once a package
  typecheck: async () => {
    const all = await tool('typescript', 'tsc', ['-p', '.']);
    const decorated = await tool('typescript', 'tsc', ['-p', 'examples/18-own-store/decorated']);
    return { ok: all.ok && decorated.ok };
  },
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
    const { ok, counts = none } = await attempt(parts[name]);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`== ${name}: ${ok ? 'passed' : 'FAILED'} in ${seconds} s`);
    outcomes.push({ name, ok, counts });
  }
  return summarise(outcomes);
}

/** A part that could not even start has failed; the next ones still run. */
async function attempt(part) {
  try {
    return await part();
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error);
    return { ok: false };
  }
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
  const folders = publicPackages();
  let ok = true;
  for (const [i, tarball] of pack(folders).entries()) {
    const faults = await faultsOf(tarball);
    console.log(`${faults.length === 0 ? 'ok  ' : 'FAIL'} ${folders[i]}`);
    for (const fault of faults) console.log(fault);
    ok &&= faults.length === 0;
  }
  return { ok };
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
    await setupWasm();
    if (!(await runChecks(only))) process.exitCode = 1;
  });
}
