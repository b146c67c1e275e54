import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { useBackend } from '@gatewise/backends';
import { gru, lstm } from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { describe, expect, it } from 'vitest';
import { whyNot } from '../on-backend.js';
import { webgpuSuite } from './webgpu-suite.js';

const reason = await whyNot('webgpu');
const some = [lstm, gru] as unknown as readonly AnyCell[];

/** What a program of its own prints, which has no GPU when another has lost one. */
function outputOf(program: string, environment: Record<string, string> = {}): string {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const args = ['-C', 'gatewise-source', '--import', tsx, '--input-type=module', '-e', program];
  const options = { encoding: 'utf8', cwd: fileURLToPath(new URL('.', import.meta.url)) } as const;
  return spawnSync(process.execPath, args, { ...options, env: { ...process.env, ...environment } }).stdout;
}

describe.runIf(process.platform === 'linux')('Node without a driver', () => {
  it('is told what is missing, and keeps the backend that it has', () => {
    const program = `
      const { useBackend } = await import('@gatewise/backends');
      const tf = await import('@tensorflow/tfjs-core');
      await useBackend('cpu');
      await useBackend('webgpu').catch(({ message }) => console.log(message, tf.getBackend()));
    `;
    const said = outputOf(program, { VK_ICD_FILENAMES: '/none.json', VK_DRIVER_FILES: '/none.json' });
    expect(said).toMatch(/^GW_BACKEND_UNAVAILABLE: .*VK_ICD_FILENAMES=\/none.json.*libvulkan1.* cpu\n$/);
  });
});

describe.skipIf(reason !== null)(`backend webgpu in Node${reason ? `: ${reason}` : ''}`, () => {
  it('says which driver it runs on, and that the engine webgpu does', async () => {
    const { driver, engine } = await useBackend('webgpu');
    expect(driver).toMatch(/^WebGPU on \w+/);
    expect(engine).toBe('webgpu');
  });

  it('gives a coded error, not zeros, once the device is lost, and starts another on request', () => {
    const program = `
      const { useBackend } = await import('@gatewise/backends');
      const { recur } = await import('@gatewise/recurrence');
      const { lstm } = await import('@gatewise/cells');
      const tf = await import('@tensorflow/tfjs-core');
      await useBackend('webgpu');
      const args = { x: tf.ones([1, 2, 3]), W: tf.ones([3, 8]), R: tf.ones([2, 8]), b: tf.zeros([8]) };
      const run = () => recur(lstm, args).y;
      const y = await run().data();
      const unread = run();
      const { device } = tf.backend();
      device.destroy();
      const code = await unread.data().catch(({ code }) => code);
      try { run(); } catch (error) { console.log(y.length, error.code, code); }
      await useBackend('webgpu');
      const again = { x: tf.ones([1, 2, 3]), W: tf.ones([3, 8]), R: tf.ones([2, 8]), b: tf.zeros([8]) };
      console.log((await recur(lstm, again).y.data()).join() === y.join());
      process.exit(0);
    `;
    expect(outputOf(program)).toBe('4 GW_ENGINE_DEVICE_LOST GW_ENGINE_DEVICE_LOST\ntrue\n');
  });

  webgpuSuite(
    { describe, it },
    { on: 'webgpu in Node', use: () => useBackend('webgpu'), cells: some, some: some.slice(1), long: false },
  );
});
