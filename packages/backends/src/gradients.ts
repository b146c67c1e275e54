import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';

/** tfjs-core alone registers no gradients: the union package does, and brings cpu and webgl. */
export async function loadGradients(): Promise<void> {
  try {
    await import('@tensorflow/tfjs');
  } catch (cause) {
    throw new GatewiseError(
      'GW_BACKEND_MISSING',
      'got no package @tensorflow/tfjs, wanted it for the gradients of every backend; likely fix: npm install @tensorflow/tfjs@4.22.0',
      { cause },
    );
  }
  checkGradients();
}

/** Two copies of tfjs-core show here: the gradients are registered with the other one. */
export function checkGradients(): void {
  if (tf.getGradient('BatchMatMul') !== undefined) return;
  throw new GatewiseError(
    'GW_BACKEND_GRADIENTS',
    'got a tfjs-core without gradients after loading @tensorflow/tfjs, wanted both to share one tfjs-core; likely fix: npm dedupe, with every @tensorflow package at 4.22.0',
  );
}
