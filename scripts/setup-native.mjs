import { pathToFileURL } from 'node:url';
import { BuildError, buildNative, isBuilt } from '../packages/engine-native/build.mjs';
import { ensureDependencies, ensureNodeVersion, main, SetupError } from './setup.mjs';

// The native engine: C++ that runs any cell fused. Optional: without a compiler the engine wasm serves.

/** Compiles the engine where it is not up to date; throws a SetupError that names what is missing. */
async function setupNative() {
  try {
    if (isBuilt()) return;
    say('compiling the C++ engine for recurrent sequences (about 20 s)');
    await buildNative();
    say('done');
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    throw new SetupError(error.code, error.message.slice(error.code.length + 2));
  }
}

/** For commands that do without: what is missing is a note, not a failure. */
export async function setupNativeWherePossible() {
  try {
    await setupNative();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`left out, the engine wasm serves, a few times slower: ${error.message}`);
  }
}

function say(text) {
  console.log(`setup:native: ${text}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    ensureNodeVersion();
    ensureDependencies();
    await setupNative();
    say('up to date');
  });
}
