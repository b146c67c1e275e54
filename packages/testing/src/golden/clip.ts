import type { Comparison } from '@gatewise/interop';
import * as tf from '@tensorflow/tfjs-core';
import { judge } from './compare.js';
import { type GoldenFile, isDictionary, need, readNumber, readTensor, upload } from './file.js';
import { type GoldenOptions, Skip } from './run.js';

/** Kind `clip`: scaling to a global norm by the TensorFlow rule, the lecture's: g·v/‖g‖ where ‖g‖ > v. */
export async function replayClip(file: GoldenFile, { clip }: GoldenOptions): Promise<Comparison[]> {
  if (!clip) throw new Skip('no function that clips was given');
  const expected = file.raw.expected;
  const rule = isDictionary(expected) ? expected.tf_clip_by_global_norm : undefined;
  if (!isDictionary(rule)) throw new Skip('it has nothing under the TensorFlow rule');
  const maxNorm = need(readNumber(file.raw.maxNorm), 'maxNorm');
  const gradients = Object.fromEntries(Object.entries(file.gradients).map(([k, t]) => [k, upload(t)]));
  const result = tf.tidy(() => {
    const { gradients: clipped, norm } = clip(gradients, maxNorm);
    return {
      clipped: Object.entries(clipped).map(([k, t]) => [k, tf.clone(t)] as const),
      norm: tf.clone(norm),
    };
  });
  try {
    const path = 'expected.tf_clip_by_global_norm';
    const wanted = isDictionary(rule.clipped) ? rule.clipped : {};
    const compared = Object.keys(wanted).map(async (k) => {
      const got = need(result.clipped.find(([name]) => name === k)?.[1], `${k} from this library`);
      const at = `${path}.clipped.${k}`;
      return judge(file.raw, at, await got.data(), readTensor(wanted[k], at).data);
    });
    const total = [need(readNumber(rule.totalNorm), `${path}.totalNorm`)];
    return [
      judge(file.raw, `${path}.totalNorm`, await result.norm.data(), total),
      ...(await Promise.all(compared)),
    ];
  } finally {
    tf.dispose([gradients, result.norm, result.clipped.map(([, t]) => t)]);
  }
}
