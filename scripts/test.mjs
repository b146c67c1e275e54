import { partsFrom, runChecks } from './check.mjs';
import { ensureDependencies, ensureNodeVersion, main } from './setup.mjs';
import { setupBrowserWherePossible } from './setup-browser.mjs';
import { setupMpiWherePossible } from './setup-mpi.mjs';
import { setupNativeWherePossible } from './setup-native.mjs';
import { setupTensorflowWherePossible } from './setup-tensorflow.mjs';
import { setupWasm } from './setup-wasm.mjs';

await main(async () => {
  const only = partsFrom(process.argv);
  ensureNodeVersion();
  ensureDependencies();
  await setupWasm();
  await setupTensorflowWherePossible();
  await setupNativeWherePossible();
  await setupBrowserWherePossible();
  await setupMpiWherePossible();
  if (!(await runChecks(only))) process.exitCode = 1;
});
