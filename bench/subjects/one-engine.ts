import { type BackendName, useBackend } from '@gatewise/backends';
import { engines, registerEngine } from '@gatewise/recurrence';

/**
 * Loads a backend and leaves it one engine: the others refuse, so that layers, which take the best, take this one.
 * Throws where the engine is not there.
 */
export async function useOneEngine(backend: string, engine: string): Promise<string> {
  const { driver, tfName, version } = await useBackend(backend as BackendName);
  const present = engines(tfName);
  if (!present.some(({ name }) => name === engine)) {
    const names = present.map(({ name }) => name).join(', ');
    throw new Error(`the engine ${engine} is not there on ${backend}, which has: ${names}`);
  }
  for (const other of [...present]) {
    if (other.name === engine || other.name === 'ops') continue;
    registerEngine({ ...other, supports: () => 'the benchmark measures another' });
  }
  return `tf.js ${version}, ${driver}`;
}
