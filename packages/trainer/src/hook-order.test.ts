import '@tensorflow/tfjs';
import { currentRun } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { line, points, recorder } from '../test/fixtures.js';
import { train } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

// Two epochs of two batches each, with validation; registered as post, normal, pre. `loss`, `validation loss` and
// `reset` are calls of the model; provideRegularisers comes from a layer inside its loss.
it('calls every hook in this order', async () => {
  const log: string[] = [];
  const model = line();
  const observed = {
    ...model,
    loss: (batch: Parameters<typeof model.loss>[0], training: boolean) => {
      log.push(training ? 'loss' : 'validation loss');
      currentRun()?.regularisers({ name: 'layer', units: 1 });
      return model.loss(batch, training);
    },
    resetState(training?: boolean) {
      log.push(`reset ${training ?? 'all'}`);
    },
  };
  await train(observed, points(2), {
    epochs: 2,
    optimizer: tf.train.sgd(0.1),
    validation: points(2),
    plugins: [
      recorder('post', log, { order: 'post' }),
      recorder('normal', log),
      false,
      recorder('pre', log, { order: 'pre' }),
    ],
  });
  expect(log).toEqual(
    `pre onRestore, normal onRestore, post onRestore,
pre onTrainBegin, normal onTrainBegin, post onTrainBegin,
reset true,
pre onEpochBegin, normal onEpochBegin, post onEpochBegin,
pre onBatchBegin, normal onBatchBegin, post onBatchBegin,
pre provideProbe, normal provideProbe, post provideProbe,
pre transformBatch, normal transformBatch, post transformBatch,
loss, pre provideRegularisers, normal provideRegularisers, post provideRegularisers,
pre transformLoss, normal transformLoss, post transformLoss,
pre transformGradients, normal transformGradients, post transformGradients,
pre provideLearningRate, normal provideLearningRate, post provideLearningRate,
pre beforeUpdate, normal beforeUpdate, post beforeUpdate,
pre onBatchEnd, normal onBatchEnd, post onBatchEnd,
pre onSavePoint, normal onSavePoint, post onSavePoint,
pre onBatchBegin, normal onBatchBegin, post onBatchBegin,
pre provideProbe, normal provideProbe, post provideProbe,
pre transformBatch, normal transformBatch, post transformBatch,
loss, pre provideRegularisers, normal provideRegularisers, post provideRegularisers,
pre transformLoss, normal transformLoss, post transformLoss,
pre transformGradients, normal transformGradients, post transformGradients,
pre provideLearningRate, normal provideLearningRate, post provideLearningRate,
pre beforeUpdate, normal beforeUpdate, post beforeUpdate,
pre onBatchEnd, normal onBatchEnd, post onBatchEnd,
pre onSavePoint, normal onSavePoint, post onSavePoint,
pre onValidationBegin, normal onValidationBegin, post onValidationBegin,
reset false,
validation loss,
validation loss,
reset false,
pre onValidationEnd, normal onValidationEnd, post onValidationEnd,
pre onEpochEnd, normal onEpochEnd, post onEpochEnd,
pre onSavePoint, normal onSavePoint, post onSavePoint,
reset true,
pre onEpochBegin, normal onEpochBegin, post onEpochBegin,
pre onBatchBegin, normal onBatchBegin, post onBatchBegin,
pre provideProbe, normal provideProbe, post provideProbe,
pre transformBatch, normal transformBatch, post transformBatch,
loss, pre provideRegularisers, normal provideRegularisers, post provideRegularisers,
pre transformLoss, normal transformLoss, post transformLoss,
pre transformGradients, normal transformGradients, post transformGradients,
pre provideLearningRate, normal provideLearningRate, post provideLearningRate,
pre beforeUpdate, normal beforeUpdate, post beforeUpdate,
pre onBatchEnd, normal onBatchEnd, post onBatchEnd,
pre onSavePoint, normal onSavePoint, post onSavePoint,
pre onBatchBegin, normal onBatchBegin, post onBatchBegin,
pre provideProbe, normal provideProbe, post provideProbe,
pre transformBatch, normal transformBatch, post transformBatch,
loss, pre provideRegularisers, normal provideRegularisers, post provideRegularisers,
pre transformLoss, normal transformLoss, post transformLoss,
pre transformGradients, normal transformGradients, post transformGradients,
pre provideLearningRate, normal provideLearningRate, post provideLearningRate,
pre beforeUpdate, normal beforeUpdate, post beforeUpdate,
pre onBatchEnd, normal onBatchEnd, post onBatchEnd,
pre onSavePoint, normal onSavePoint, post onSavePoint,
pre onValidationBegin, normal onValidationBegin, post onValidationBegin,
reset false,
validation loss,
validation loss,
reset false,
pre onValidationEnd, normal onValidationEnd, post onValidationEnd,
pre onEpochEnd, normal onEpochEnd, post onEpochEnd,
pre onSavePoint, normal onSavePoint, post onSavePoint,
reset all,
pre onTrainEnd, normal onTrainEnd, post onTrainEnd,
post dispose, normal dispose, pre dispose`
      .split(',')
      .map((call) => call.trim()),
  );
});
