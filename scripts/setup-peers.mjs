import { ensureDependencies, ensureNodeVersion, main, runSource } from './setup.mjs';

// PyTorch, Keras, ONNX Runtime and other peers, about 3 GB in bench/.peers, for the benchmark and the long tests. Optional:
// those that compare with a peer that is not there are skipped by name.
await main(async () => {
  ensureNodeVersion();
  ensureDependencies();
  await runSource('bench/set-up-peers.ts', []);
});
