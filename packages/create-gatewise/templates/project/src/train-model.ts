import { adam } from '@gatewise/optimisers';
import { modelFolder } from '@gatewise/plugin-checkpoint';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { progress } from '@gatewise/plugin-progress';
import { train } from '@gatewise/trainer';
import { sums } from './data.js';
import { makeModel } from './model.js';

export interface Run {
  readonly epochs: number;
  readonly seed: number;
  /** Where the trained model goes. */
  readonly folder: string;
  readonly silent?: boolean;
}

/** Trains the model and saves it; gives the losses by epoch. */
export async function trainModel({ epochs, seed, folder, silent = false }: Run) {
  const model = makeModel(seed);
  const optimizer = adam({ learningRate: 0.02 });
  const { history } = await train(model, () => sums(1, 40), {
    loss: 'softmaxCrossEntropy',
    optimizer,
    epochs,
    seed,
    validation: () => sums(1001, 4),
    plugins: [clipByGlobalNorm({ maxNorm: 1 }), progress({ silent })],
  });
  await model.save(modelFolder(folder));
  optimizer.dispose();
  model.dispose();
  return history;
}
