import { ensureDependencies, ensureNodeVersion, main, runSource } from './setup.mjs';
import { setupWasm } from './setup-wasm.mjs';

// Builds the site into site/dist: npm run site.
await main(async () => {
  ensureNodeVersion();
  ensureDependencies();
  await setupWasm();
  await runSource('site/build.ts', process.argv.slice(2));
});
