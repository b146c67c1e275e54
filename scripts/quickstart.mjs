import { ensureDependencies, ensureNodeVersion, main, runSource } from './setup.mjs';

await main(async () => {
  ensureNodeVersion();
  ensureDependencies();
  await runSource('examples/00-quickstart/index.ts', process.argv.slice(2));
});
