import { ensureDependencies, ensureNodeVersion, main, runSource } from './setup.mjs';
import { setupNativeWherePossible } from './setup-native.mjs';
import { setupTensorflowWherePossible } from './setup-tensorflow.mjs';
import { setupWasm } from './setup-wasm.mjs';

await main(async () => {
  ensureNodeVersion();
  ensureDependencies();
  if (!process.argv.includes('--help')) {
    await setupTensorflowWherePossible();
    await setupNativeWherePossible();
    await setupWasm();
  }
  await runSource('bench/index.ts', process.argv.slice(2));
});
