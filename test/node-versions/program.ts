import { type BackendName, hasNativeAddon, useBackend } from '@gatewise/backends';
import * as tf from '@tensorflow/tfjs-core';

// A product and a gradient with known values on each backend of Node; one line of JSON on stdout, nothing else.

async function measure(name: BackendName) {
  const { driver } = await useBackend(name);
  const A = tf.tensor2d([1, 2, 3, 4], [2, 2]); // [2, 2]
  const B = tf.tensor2d([5, 6, 7, 8], [2, 2]); // [2, 2]
  const product = tf.matMul(A, B);
  // d(sum (A B)²)/dA = 2 (A B) Bᵀ
  const dA = tf.grad((x: tf.Tensor) => tf.sum(tf.square(tf.matMul(x as tf.Tensor2D, B))))(A);
  const result = { name, driver, product: Array.from(await product.data()), dA: Array.from(await dA.data()) };
  tf.dispose([A, B, product, dA]);
  return { ...result, leaked: tf.memory().numTensors };
}

const names: BackendName[] = hasNativeAddon() ? ['cpu', 'node', 'wasm', 'cpu'] : ['cpu', 'wasm', 'cpu'];
const backends = [];
for (const name of names) backends.push(await measure(name));
console.log(JSON.stringify({ node: process.versions.node, backends }));
