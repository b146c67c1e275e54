import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { hasNativeAddon } from '@gatewise/backends';
import { loadNative } from '@gatewise/engine-native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// Which engine runs where some are missing: programs of their own, over a copy of the packages without what is built.

const root = fileURLToPath(new URL('../../', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const native = await loadNative();
let copy: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'gatewise-auto-'));
  const kept = (path: string) => !['node_modules', 'dist', 'build', 'native'].includes(basename(path));
  cpSync(join(root, 'packages'), join(copy, 'packages'), { recursive: true, filter: kept });
  const link = (target: string, ...names: string[]) =>
    symlinkSync(target, join(copy, 'node_modules', ...names), 'junction');
  mkdirSync(join(copy, 'node_modules', '@gatewise'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@gatewise') link(join(root, 'node_modules', name), name);
  }
  for (const name of readdirSync(join(copy, 'packages'))) {
    link(join(copy, 'packages', name), '@gatewise', name);
  }
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

interface Found {
  readonly engine: string;
  readonly first: string;
  readonly said: readonly string[];
}
/** Uses a backend twice in a process of its own; gives its engine, the op's first engine, and what was said of it. */
function engineOn(backend: string, folder: string, before = ''): Found {
  const program = `
    ${before}
    const { useBackend } = await import('@gatewise/backends');
    const { engines } = await import('@gatewise/recurrence');
    const tf = await import('@tensorflow/tfjs-core');
    await useBackend('${backend}');
    const { engine } = await useBackend('${backend}');
    console.log(JSON.stringify({ engine, first: engines(tf.getBackend())[0].name }));
  `;
  const args = ['-C', 'gatewise-source', '--import', tsx, '--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  const line = stdout.split('\n').find((text) => text.startsWith('{'));
  if (line === undefined) throw new Error(stderr);
  return { ...JSON.parse(line), said: stderr.split('\n').filter((text) => text.startsWith('gatewise:')) };
}

const noSimd = 'WebAssembly.validate = () => false;';

for (const backend of ['cpu', 'node']) {
  const missing = backend === 'node' && !hasNativeAddon();
  describe.skipIf(missing)(
    `the engine on ${backend}${missing ? ' (skipped: no addon of tfjs-node)' : ''}`,
    () => {
      it.skipIf('missing' in native)('is native where it is built: nothing to say', () => {
        const found = engineOn(backend, root);
        expect(found).toEqual({ engine: expect.stringMatching(/^native \(/), first: 'native', said: [] });
      });

      it('is wasm where the addon is not built, which is said once', () => {
        expect(existsSync(join(copy, 'packages/engine-native/build'))).toBe(false);
        expect(engineOn(backend, copy)).toEqual({
          engine: expect.stringMatching(/^wasm \(/),
          first: 'wasm',
          said: [expect.stringMatching(/native is left out, wasm .* takes over: GW_ENGINE_NATIVE/)],
        });
      });

      it('is ops where WebAssembly has no SIMD either, which is said once', () => {
        expect(engineOn(backend, copy, noSimd)).toEqual({
          engine: 'ops',
          first: 'ops',
          said: [
            expect.stringMatching(/wasm is left out, ops takes over: GW_ENGINE_WASM/),
            expect.stringMatching(/native is left out, ops takes over: GW_ENGINE_NATIVE/),
          ],
        });
      });
    },
  );
}
