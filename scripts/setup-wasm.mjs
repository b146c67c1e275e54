import { buildWasm, isBuilt } from '../packages/engine-wasm/build.mjs';

/** Compiles the WebAssembly engine where it is not current; npm's packages are all it needs. */
export async function setupWasm() {
  if (isBuilt()) return;
  console.log('setup:wasm: compiling the WebAssembly engine for recurrent sequences (about 5 s)');
  await buildWasm();
}
