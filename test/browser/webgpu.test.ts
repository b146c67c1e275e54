import { expect, it } from 'vitest';
import { testsInPage } from './in-page.js';

await testsInPage('webgpu', (page) => {
  const missing = page.tests.every(({ skipped }) => skipped);
  it.skipIf(missing)('runs the engine webgpu, and says which driver', async () => {
    expect(await page.use('webgpu')).toEqual({
      driver: 'WebGPU on google swiftshader, on the CPU',
      engine: 'webgpu',
      shared: false,
    });
  });
});
