import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureDependencies, ensureNodeVersion, main, root, SetupError, tail } from './setup.mjs';
import { addon, buildFromWheel, say, tfjsNode } from './tensorflow-wheel.mjs';

// Native TensorFlow for the backend `node`. @tensorflow/tfjs-node is installed without its addon (.npmrc says
// ignore-scripts); its own installer fetches two archives from outside the package registries. Where that fails,
// the libraries come from the tensorflow wheel and the addon is compiled from the C++ in the npm package.

const downloadLimit = 240_000; // ms
const probeLimit = 5_000; // ms

/** Sets native TensorFlow up where it can; throws a SetupError that names the missing part where it cannot. */
export async function setupTensorflow() {
  if (!existsSync(tfjsNode)) {
    throw new SetupError(
      'GW_SETUP_TFJS_NODE',
      'got no node_modules/@tensorflow/tfjs-node, wanted the npm package; likely fix: npm install',
    );
  }
  if (existsSync(addon)) {
    if (works().ok) {
      say('already working, nothing to do');
      return;
    }
    say('an addon is there but does not work: setting it up again');
  }
  if (await tryOfficialDownload()) return;
  const wheel = buildFromWheel();
  const result = works();
  if (result.ok) {
    say(`done: TensorFlow ${result.version} works (${wheel} wheel, addon compiled here)`);
    return;
  }
  throw new SetupError(
    'GW_SETUP_VERIFY',
    `got an addon that does not multiply two matrices, wanted 19,22,43,50; likely fix: delete node_modules/.cache/gatewise and run this again. Its output:\n${result.output}`,
  );
}

/** For tests: native TensorFlow is optional, so what is missing is a note, not a failure. */
export async function setupTensorflowWherePossible() {
  try {
    await setupTensorflow();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say('left out, the tests of the backend node will be skipped:');
    console.log(error.message);
  }
}

/** Loads the addon in a child process (a broken one may crash) and checks one product. */
function works() {
  const program = `
    const util = require('node:util'); // gone since Node 23, still called by tfjs-node
    util.isNullOrUndefined ??= (value) => value === null || value === undefined;
    util.isArray ??= Array.isArray;
    const tf = require('@tensorflow/tfjs-node');
    const product = tf.matMul(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor2d([[5, 6], [7, 8]]));
    const got = Array.from(product.dataSync()).join();
    if (tf.getBackend() !== 'tensorflow' || got !== '19,22,43,50') throw new Error(tf.getBackend() + ' gave ' + got);
    console.log('WORKS ' + tf.backend().binding.TF_Version);
  `;
  const done = spawnSync(process.execPath, ['-e', program], {
    cwd: root,
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' },
  });
  const version = /^WORKS (.*)$/m.exec(done.stdout ?? '')?.[1];
  return { ok: done.status === 0 && version !== undefined, version, output: tail(done) };
}

/** tfjs-node's own installer: quick where its hosts answer, and left out where they do not. */
async function tryOfficialDownload() {
  const manifest = join(tfjsNode, 'package.json');
  const original = readFileSync(manifest);
  const host = JSON.parse(original.toString('utf8')).binary.host;
  if (!(await answers(host))) {
    say("official download left out: tfjs-node's download host does not answer from here");
    return false;
  }
  say('official download: running the installer of @tensorflow/tfjs-node');
  const done = spawnSync(process.execPath, ['scripts/install.js'], {
    cwd: tfjsNode,
    encoding: 'utf8',
    timeout: downloadLimit,
    env: { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}` },
  });
  writeFileSync(manifest, original); // the installer edits it and, when killed, leaves it edited
  const result = works();
  if (result.ok) {
    say(`done: TensorFlow ${result.version} works (official download)`);
    return true;
  }
  say(
    `official download failed (${done.error?.code ?? `exit code ${done.status}`}), going on with the wheel`,
  );
  return false;
}

async function answers(host) {
  try {
    await fetch(host, { method: 'HEAD', signal: AbortSignal.timeout(probeLimit) });
    return true;
  } catch {
    return false;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    ensureNodeVersion();
    ensureDependencies();
    await setupTensorflow();
  });
}
