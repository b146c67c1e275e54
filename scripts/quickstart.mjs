import { ensureDependencies, ensureNodeVersion, main, runSource } from './setup.mjs';
import { setupNativeWherePossible } from './setup-native.mjs';

await main(async () => {
  ensureNodeVersion();
  ensureDependencies();
  await setupNativeWherePossible();
  await runSource('examples/00-quickstart/index.ts', process.argv.slice(2));
});
