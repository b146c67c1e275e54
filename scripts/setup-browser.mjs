import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  ensureDependencies,
  ensureNodeVersion,
  installDebian,
  isProgram,
  main,
  onPath,
  root,
  SetupError,
  tail,
} from './setup.mjs';

// A Chromium for the tests that run in a page. Optional: without one they show up as skipped, with what is said here.

const minutes = 60_000; // ms
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const bundles = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** The path of the first Chromium that starts, or a SetupError that says what was found; GATEWISE_CHROMIUM names one. */
export async function findChromium() {
  const named = process.env.GATEWISE_CHROMIUM;
  const found = (named ? [named] : [...onPath(names), ...bundles, ...(await downloaded())]).filter(isProgram);
  const broken = [];
  for (const path of found) {
    const said = startFailure(path);
    if (said === null) return path;
    broken.push(`${path}, which does not start (${said})`);
  }
  if (broken.length > 0) {
    throw wanting(`${broken.join(', ')}; likely fix: npx playwright-core install-deps chromium`);
  }
  if (named)
    throw wanting(`GATEWISE_CHROMIUM=${named}, which is no program; likely fix: correct or unset it`);
  throw wanting(
    `none of ${names.join(', ')} on the path, nor playwright's own; likely fix: npm run setup:browser, or install one and set GATEWISE_CHROMIUM to its path`,
  );
}

const wanting = (what) => new SetupError('GW_SETUP_CHROMIUM', `wanted a Chromium, got ${what}`);

/** A download without the libraries that it needs, or a name that only says where to get it; null where it starts. */
function startFailure(path) {
  if (process.platform === 'win32') return null; // asking would open a window
  const done = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: minutes });
  return done.status === 0 ? null : tail(done);
}

/** Where playwright keeps the one that it downloads; none before npm has installed playwright-core. */
async function downloaded() {
  try {
    const { chromium } = await import('playwright-core');
    return [chromium.executablePath()];
  } catch {
    return [];
  }
}

/** Installs a Chromium where none is found; throws a SetupError that says what went wrong. */
async function setupBrowser() {
  const missing = await findChromium().catch((error) => error);
  if (typeof missing === 'string') return missing;
  if (!(missing instanceof SetupError) || process.env.GATEWISE_CHROMIUM) throw missing;
  const failures = [];
  // with the loader for Node's WebGPU
  const debian = () => installDebian(['chromium', 'libvulkan1'], say);
  for (const install of [debian, download]) {
    const failure = install();
    if (failure !== null) failures.push(failure);
    const found = await findChromium().catch(() => null);
    if (found === null) continue;
    say(`done: ${found}`);
    return found;
  }
  throw new SetupError(
    missing.code,
    [missing.message.slice(missing.code.length + 2), ...failures].join('\n'),
  );
}

/** Playwright's own download, for the systems that it has one for; null when that worked, else what it said. */
function download() {
  say("downloading playwright's Chromium");
  const cli = join(root, 'node_modules', 'playwright-core', 'cli.js');
  const done = spawnSync(process.execPath, [cli, 'install', 'chromium'], {
    encoding: 'utf8',
    timeout: 4 * minutes,
  });
  return done.status === 0 ? null : `playwright-core install chromium failed:\n${tail(done)}`;
}

/** For tests: a browser is optional, so what is missing is a note, not a failure. */
export async function setupBrowserWherePossible() {
  try {
    await setupBrowser();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`left out, the tests in a page will be skipped: ${error.message}`);
  }
}

function say(text) {
  console.log(`setup:browser: ${text}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    ensureNodeVersion();
    ensureDependencies();
    say(`up to date: ${await setupBrowser()}`);
  });
}
