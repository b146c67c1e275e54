import { ensureDependencies, ensureNodeVersion, main, runSource } from './setup.mjs';
import { setupBrowserWherePossible } from './setup-browser.mjs';
import { setupMpiWherePossible } from './setup-mpi.mjs';
import { setupNativeWherePossible } from './setup-native.mjs';
import { setupTensorflowWherePossible } from './setup-tensorflow.mjs';
import { setupWasm } from './setup-wasm.mjs';

await main(async () => {
  ensureNodeVersion();
  ensureDependencies();
  if (process.argv.includes('--browser')) {
    if (!process.argv.includes('--help')) await setupBrowserWherePossible();
    return runSource('bench/browser/index.ts', process.argv.slice(2));
  }
  if (!process.argv.includes('--help')) {
    await setupTensorflowWherePossible();
    await setupNativeWherePossible();
    await setupWasm();
  }
  if (process.argv.includes('--scaling')) {
    if (!process.argv.includes('--help')) await setupMpiWherePossible();
    return runSource('bench/scaling/index.ts', process.argv.slice(2));
  }
  await runSource('bench/index.ts', process.argv.slice(2));
});
