import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bundleSource } from './bundle.js';

const packages = fileURLToPath(new URL('../../packages/', import.meta.url));
const inNodeAlone = ['engine-native', 'cli', 'create-gatewise'];

describe('bundled for a page, without polyfills', () => {
  const names = readdirSync(packages).filter((name) => existsSync(`${packages}${name}/package.json`));
  it.each(names.filter((name) => !inNodeAlone.includes(name)))('%s', async (name) => {
    const { files } = await bundleSource(`export * from '@gatewise/${name}'`);
    expect(files).toContainEqual(expect.stringContaining(`packages/${name}/src/index.ts`));
  });

  it.each(inNodeAlone.slice(0, 1))('but %s, which is for Node', async (name) => {
    await expect(bundleSource(`export * from '@gatewise/${name}'`)).rejects.toThrow('node:fs');
  });
});

describe('an application that only runs a model', () => {
  const source = `
    import { loadWasm } from '@gatewise/engine-wasm';
    import { lstm } from '@gatewise/layers';
    await loadWasm();
    export const layer = lstm({ units: 8, inputShape: [10, 3] });
  `;

  it('carries no container, no trainer and nothing of Node', async () => {
    const { files, text } = await bundleSource(source);
    for (const name of ['layers', 'engine-wasm', 'recurrence']) {
      expect(files).toContainEqual(expect.stringContaining(`packages/${name}/src/index.ts`));
    }
    expect(files.filter((file) => /inversify|packages\/(plugin|trainer)\//.test(file))).toEqual([]);
    expect(text).not.toMatch(/["'`]node:/);
  });

  it('is small: beside tf.js at most 72 KB, packed', async () => {
    const { text } = await bundleSource(source);
    expect(gzipSync(text).length).toBeLessThan(72_000);
  });
});
