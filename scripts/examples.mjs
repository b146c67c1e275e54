import { ensureDependencies, ensureNodeVersion, main, runSource } from './setup.mjs';
import { setupWasm } from './setup-wasm.mjs';

// Runs the tutorials and writes their figures and READMEs: npm run examples, or npm run examples -- 03-vanishing.
await main(async () => {
  ensureNodeVersion();
  ensureDependencies();
  await setupWasm();
  await runSource('test/examples/cli.ts', process.argv.slice(2));
});
