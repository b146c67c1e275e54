import type { AnyCell } from '@gatewise/core';
import type { Runner } from '@gatewise/testing';
import { webgpuSuite } from '../../engines/webgpu-suite.js';
import { backend } from './backend.js';
import { goldenSuite } from './golden.js';
import { learnsNumbers } from './training.js';

/** The engine webgpu in a page that has WebGPU: some cells whole, all of them by the golden files, a training run. */
export function webgpuPageSuite(runner: Runner, files: readonly string[], cells: readonly AnyCell[]): void {
  const use = () => backend('webgpu');
  webgpuSuite(runner, { on: 'webgpu', use, cells, some: [], long: false });
  const layers = files.filter((file) => file.startsWith('cells/'));
  goldenSuite(runner, layers, { on: 'webgpu', engine: 'webgpu' });
  runner.describe('training on webgpu', () => {
    runner.it('numbers in: the loss falls, and no memory is lost', () => learnsNumbers('webgpu'));
  });
}
