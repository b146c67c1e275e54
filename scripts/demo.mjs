import { ensureDependencies, ensureNodeVersion, main, runSource } from './setup.mjs';
import { setupWasm } from './setup-wasm.mjs';

await main(async () => {
  ensureNodeVersion();
  ensureDependencies();
  await setupWasm();
  await runSource('examples/demo/index.ts', process.argv.slice(2));
});
