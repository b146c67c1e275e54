import { type BackendName, useBackend } from '@gatewise/backends';
import { loadWasm } from '@gatewise/engine-wasm';
import { arithmetic, installKernels, provideArithmetic, removeKernels } from '@gatewise/kernels';
import { engines, registerEngine } from '@gatewise/recurrence';

/**
 * Loads a backend and leaves it one engine: the others refuse, so that layers, which take the best, take this one; the
 * rest of the step is that engine's as well. Throws where the engine is not there.
 */
export async function useOneEngine(backend: string, engine: string): Promise<string> {
  const { driver, tfName, version } = await useBackend(backend as BackendName);
  if (engine === 'wasm') {
    const found = await loadWasm();
    if ('missing' in found) throw found.missing;
  }
  const present = engines(tfName);
  if (!present.some(({ name }) => name === engine)) {
    const names = present.map(({ name }) => name).join(', ');
    throw new Error(`the engine ${engine} is not there on ${backend}, which has: ${names}`);
  }
  for (const other of [...present]) {
    if (other.name === engine || other.name === 'ops') continue;
    registerEngine({ ...other, supports: () => 'the benchmark measures another' });
  }
  useItsArithmetic(engine);
  return `tf.js ${version}, ${driver}`;
}

/** Products, losses and updates on the cpu backend by the engine alone, or by tf.js where it brings none. */
function useItsArithmetic(engine: string): void {
  removeKernels();
  if (arithmetic(engine) === null) return;
  const other = arithmetic(engine === 'native' ? 'wasm' : 'native');
  if (other) provideArithmetic(other, -1);
  installKernels();
}
