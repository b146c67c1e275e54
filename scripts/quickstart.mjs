import { ensureDependencies, ensureNodeVersion, main, runSource } from './setup.mjs';
import { setupNativeWherePossible } from './setup-native.mjs';
import { setupWasm } from './setup-wasm.mjs';

await main(async () => {
  ensureNodeVersion();
  ensureDependencies();
  await setupWasm();
  await setupNativeWherePossible();
  await runSource('examples/00-quickstart/index.ts', process.argv.slice(2));
});
