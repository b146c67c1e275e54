import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { checkCuda, hasNativeAddon } from './index.js';
import { copyTfjsNode, folderOf } from './test-support/native-copy.js';

const project = mkdtempSync(join(tmpdir(), 'gatewise-no-device-'));
afterAll(() => rmSync(project, { recursive: true }));

/** The package of the processor under the GPU's name: the same JavaScript and addon, and surely no device. */
function installWithoutDevice(): void {
  const copy = copyTfjsNode(project, '@tensorflow/tfjs-node-gpu');
  const original = folderOf('@tensorflow/tfjs-node');
  for (const part of ['lib', 'deps']) symlinkSync(join(original, part), join(copy, part), 'junction');
}

/** Empty files by the names of the libraries: TensorFlow opens none that is empty. */
function putLibraries(): string {
  const folder = join(project, 'libraries');
  mkdirSync(folder);
  for (const { name } of checkCuda().libraries) writeFileSync(join(folder, name), '');
  return folder;
}

const runs = hasNativeAddon() && process.platform === 'linux' && process.arch === 'x64';

describe.skipIf(!runs)(
  `a tfjs-node-gpu without a device${runs ? '' : ' (skipped: no addon of tfjs-node)'}`,
  () => {
    it('is an error with a code, and leaves the backend in use alone', () => {
      installWithoutDevice();
      const program = `
      const { loadNative } = await import(${JSON.stringify(new URL('./native.ts', import.meta.url).href)});
      const tf = await import('@tensorflow/tfjs');
      await tf.setBackend('cpu');
      try {
        loadNative('@tensorflow/tfjs-node-gpu', ${JSON.stringify(join(project, 'index.js'))});
      } catch ({ message }) {
        console.log(message);
      }
      console.log(tf.getBackend(), tf.findBackend('tensorflow'), tf.tensor1d([1, 2]).square().arraySync().join());
    `;
      const args = ['-C', 'gatewise-source', '--import', import.meta.resolve('tsx')];
      const { stdout } = spawnSync(process.execPath, [...args, '--input-type=module', '-e', program], {
        cwd: fileURLToPath(new URL('.', import.meta.url)),
        encoding: 'utf8',
        env: { ...process.env, LD_LIBRARY_PATH: putLibraries() },
      });
      expect(stdout).toMatch(/^GW_BACKEND_UNAVAILABLE: got a TensorFlow that sees no CUDA device .*\n/);
      expect(stdout).toMatch(/\ncpu null 1,4\n$/);
    });
  },
);
