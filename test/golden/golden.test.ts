import { fileURLToPath } from 'node:url';
import { type BackendName, useBackend } from '@gatewise/backends';
import { findGolden, goldenLines, replayGoldenFile } from '@gatewise/testing';
import { describe, expect, it } from 'vitest';
import { withNative } from '../engines/with-native.js';
import { onBackend } from '../on-backend.js';
import { golden } from './registry.js';

const folder = fileURLToPath(new URL('files/', import.meta.url));
/** Without descriptions of models, which lie beside golden files. */
const files = (await findGolden([folder])).filter((file) => !file.endsWith('/model.json'));
/** Cells that are not pointwise: composed of tf.js ops, so only `ops` replays them. */
const composed = files.filter((file) => file.includes('/lstm_layernorm/'));

describe('golden files', () => {
  it('are all there', () => {
    expect(files).toHaveLength(126);
    expect(composed).toHaveLength(7);
  });
  for (const backend of ['cpu', 'node'] satisfies BackendName[])
    onBackend(backend, () => replayAll(backend, 'ops'));
  withNative(() => replayAll('cpu', 'native'));
  for (const backend of ['cpu', 'wasm'] satisfies BackendName[]) replayAll(backend, 'wasm');
});

function replayAll(backend: BackendName, engine: string): void {
  describe(`engine ${engine} on ${backend}`, () => {
    for (const file of files) {
      it(file.slice(folder.length), async ({ skip }) => {
        await useBackend(backend);
        const result = await replayGoldenFile(file, { ...golden, engine });
        if (result?.status === 'skipped' && engine !== 'ops' && composed.includes(file))
          return skip(result.reason);
        expect(result?.status, result ? goldenLines(result).join('\n') : 'no golden file').toBe('passed');
      });
    }
  });
}
