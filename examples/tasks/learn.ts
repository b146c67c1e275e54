import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { type Batches, type PluginList, train } from '@gatewise/trainer';
import type * as tf from '@tensorflow/tfjs';
import type { Task } from './task.js';

export interface Budget {
  readonly epochs: number;
  readonly seed: number;
  /** Disposed of at the end. */
  readonly optimizer: tf.Optimizer;
  /** Gradients clipped to norm 1 where absent. */
  readonly plugins?: PluginList;
}

/**
 * Trains; the validation loss after each epoch, or null where training ended in numbers that are none. The model stays
 * the caller's.
 */
export async function learn(
  model: tf.LayersModel,
  loss: Task['loss'],
  { batches, validation }: { readonly batches: Batches; readonly validation: Batches },
  { epochs, seed, optimizer, plugins = [clipByGlobalNorm({ maxNorm: 1 })] }: Budget,
): Promise<number[] | null> {
  try {
    const options = { loss, optimizer, epochs, seed, validation, plugins };
    const { history } = await train(model, batches, options);
    return history.map(({ valLoss }) => valLoss!);
  } catch (error) {
    if ((error as { code?: string }).code !== 'GW_TRAIN_NONFINITE') throw error;
    return null;
  } finally {
    optimizer.dispose();
  }
}
