import { ensureDependencies, ensureNodeVersion, main, runSource } from './setup.mjs';

await main(async () => {
  ensureNodeVersion();
  ensureDependencies();
  await runSource('test/golden/cli.ts', process.argv.slice(2));
});
