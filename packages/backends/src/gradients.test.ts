import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { checkGradients, loadGradients } from './gradients.js';

it('refuses a tfjs-core that has no gradients, and finds them once they are loaded', async () => {
  expect(tf.getGradient('BatchMatMul')).toBeUndefined();
  expect(checkGradients).toThrow(expect.objectContaining({ code: 'GW_BACKEND_GRADIENTS' }));
  await loadGradients();
  expect(checkGradients).not.toThrow();
});
