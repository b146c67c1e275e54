import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, existsSync, constants as files, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';

// Runs on a fresh clone with nothing installed: Node's own modules only.

export const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
export const cacheFolder = join(root, 'node_modules', '.cache', 'gatewise');

const oldestNode = '20.19.0';

/** A set-up step that cannot go on: a code, and what was found, wanted and likely helps. */
export class SetupError extends Error {
  constructor(code, message) {
    super(`${code}: ${message}`);
    this.name = 'SetupError';
    this.code = code;
  }
}

/** True when `version` ("20.20.2") is at least `oldest` ("20.19.0"). */
function isAtLeast(version, oldest) {
  const [a, b] = [version, oldest].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)));
  const differing = a.findIndex((part, i) => part !== b[i]);
  return differing === -1 || a[differing] > b[differing];
}

/** Throws GW_SETUP_NODE when this Node is too old to run the project. */
export function ensureNodeVersion(version = process.versions.node) {
  if (isAtLeast(version, oldestNode)) return;
  throw new SetupError(
    'GW_SETUP_NODE',
    `got Node ${version}, wanted ${oldestNode} or newer; install a supported release (20.19+, 22, 24 or 26) and run this again`,
  );
}

/**
 * Installs what package-lock.json says when node_modules is missing or was not installed from it. Not `npm ci`: npm 11
 * refuses a lock that leaves out other systems' optional binaries, and it would wipe the cache in node_modules.
 */
export function ensureDependencies() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).digest('hex');
  // not in the cache folder: that outlives the packages
  const stamp = join(root, 'node_modules', '.gatewise-lock.sha256');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return 'skipped';
  if (matchesInstalledLock(JSON.parse(lock.toString('utf8')))) {
    writeStamp(stamp, wanted);
    return 'skipped';
  }
  const why = existsSync(join(root, 'node_modules'))
    ? 'package-lock.json changed since they were installed'
    : 'node_modules is missing';
  console.log(`setup: installing npm packages as package-lock.json says, because ${why}`);
  const done = spawnNpm(['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (done.status !== 0) {
    throw new SetupError(
      'GW_SETUP_NPM',
      `npm install ended with ${done.error?.message ?? `exit code ${done.status}`}, wanted 0; see its output above: usually no network, or too little disk`,
    );
  }
  writeStamp(stamp, wanted);
  return 'installed';
}

/** Someone may have run npm himself: npm keeps what it installed in node_modules/.package-lock.json. */
function matchesInstalledLock(lock) {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const installed = JSON.parse(readFileSync(hidden, 'utf8')).packages ?? {};
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (!path.startsWith('node_modules/')) return true;
    const found = installed[path];
    if (found === undefined) return wanted.optional === true || wanted.devOptional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

function writeStamp(stamp, text) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, text);
}

/** npm itself, also where it is a .cmd file (Windows) or not on the path (npm run sets npm_execpath). */
export function spawnNpm(args, options) {
  const cli = process.env.npm_execpath;
  if (cli?.endsWith('.js')) return spawnSync(process.execPath, [cli, ...args], options);
  return spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
}

/** Runs a program of the repository from its TypeScript source and ends this process as it ended. */
export async function runSource(file, args) {
  const child = spawn(
    process.execPath,
    ['-C', 'gatewise-source', '--import', 'tsx', join(root, file), ...args],
    { stdio: 'inherit' },
  );
  process.exitCode = await passOn(child);
}

/** Waits for a child; signals that reach this process go on to it, so that it can finish its clean-up. */
function passOn(child) {
  // Ctrl-C on a terminal reaches the whole group, child included: staying alive is all there is to do.
  const stay = () => {};
  const forward = (signal) => child.kill(signal);
  process.on('SIGINT', [0, 1, 2].some((file) => isatty(file)) ? stay : forward);
  process.on('SIGTERM', forward);
  process.on('SIGHUP', forward);
  return new Promise((finish, fail) => {
    child.once('error', fail);
    child.once('exit', (code, signal) => finish(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}

/** Where programs of these names would lie, in the order of the path. */
export const onPath = (names) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .flatMap((folder) => names.map((name) => join(folder, name)));

export function isProgram(path) {
  try {
    accessSync(path, files.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Debian's packages as root; null when that worked or is not for here, else what apt said. */
export function installDebian(packages, say) {
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return null;
  say(`installing ${packages[0]} with apt-get`);
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
    const done = spawnSync('apt-get', args, {
      encoding: 'utf8',
      timeout: 240_000, // ms
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (done.status !== 0) return `apt-get ${args.join(' ')} failed:\n${tail(done)}`;
  }
  return null;
}

/** The last lines that a child process said, for an error message. */
export function tail({ stdout, stderr, error }) {
  const text = `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.trim();
  return text.split('\n').slice(-15).join('\n');
}

/** Runs a script's main function; a SetupError is a message and exit code 1, not a stack trace. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
