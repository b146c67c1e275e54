import { lstm } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs';
import { time } from './data.js';

/** x [B,T,1] → logits [B,2]. */
export const makeModel = (seed: number) =>
  tf.sequential({
    layers: [
      lstm({ units: 16, inputShape: [time, 1], seed }),
      tf.layers.dense({ units: 2, kernelInitializer: tf.initializers.glorotUniform({ seed }) }),
    ],
  });
