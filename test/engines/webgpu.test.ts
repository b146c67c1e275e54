import { useBackend } from '@gatewise/backends';
import { gru, lstm } from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { describe, expect, it } from 'vitest';
import { whyNot } from '../on-backend.js';
import { webgpuSuite } from './webgpu-suite.js';

const reason = await whyNot('webgpu');
const some = [lstm, gru] as unknown as readonly AnyCell[];

describe.skipIf(reason !== null)(`backend webgpu in Node${reason ? `: ${reason}` : ''}`, () => {
  it('says which driver it runs on, and that the engine webgpu does', async () => {
    const { driver, engine } = await useBackend('webgpu');
    expect(driver).toMatch(/^WebGPU on \w+/);
    expect(engine).toBe('webgpu');
  });

  webgpuSuite(
    { describe, it },
    { on: 'webgpu in Node', use: () => useBackend('webgpu'), cells: some, some: some.slice(1), long: false },
  );
});
