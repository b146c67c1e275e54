import { runTests } from './check.mjs';
import { ensureDependencies, ensureNodeVersion, main, runSource } from './setup.mjs';
import { setupBrowserWherePossible } from './setup-browser.mjs';
import { setupMpiWherePossible } from './setup-mpi.mjs';
import { setupNativeWherePossible } from './setup-native.mjs';
import { setupTensorflowWherePossible } from './setup-tensorflow.mjs';
import { setupWasm } from './setup-wasm.mjs';

// The tests named *.long.test.ts take minutes or fetch other Node versions; each writes its figures beside itself.
await main(async () => {
  ensureNodeVersion();
  ensureDependencies();
  await setupWasm();
  await setupTensorflowWherePossible();
  await setupNativeWherePossible();
  await setupBrowserWherePossible();
  await setupMpiWherePossible();
  // what is missing skips tests by name, no more
  await runSource('bench/set-up-peers.ts', []);
  process.exitCode = 0;
  const { ok, counts } = await runTests({ GATEWISE_LONG: '1' });
  const { passed, failed, skipped } = counts ?? { passed: 0, failed: 1, skipped: 0 };
  console.log(`${passed} passed, ${ok ? failed : Math.max(failed, 1)} failed, ${skipped} skipped`);
  if (!ok) process.exitCode = 1;
});
