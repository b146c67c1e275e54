import { writeTutorial } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { milestones, tutorial } from './index.js';

it('the large model over-fits, and with dropout it is the best of the three on held-out text', async () => {
  const { models, counts, characters } = await writeTutorial(tutorial);
  const [small, large, dropped] = models.map((model) => ({ ...model, ...milestones(model) }));
  expect(small!.weights).toBeLessThan(characters.training);
  expect(large!.weights).toBeGreaterThan(4 * characters.training);
  // learnt by heart: better on its own text to the end, worse on the other after its best epoch
  expect(large!.last.training).toBeLessThan(large!.best.training - 0.3);
  expect(large!.last.heldOut).toBeGreaterThan(large!.best.heldOut + 0.1);
  expect(small!.last.heldOut).toBeLessThan(small!.best.heldOut + 0.05);
  expect(small!.last.heldOut - small!.last.training).toBeLessThan(0.25);
  // dropout
  expect(dropped!.best.heldOut).toBeLessThan(large!.best.heldOut - 0.05);
  expect(dropped!.best.heldOut).toBeLessThan(small!.best.heldOut - 0.1);
  expect(dropped!.last.training).toBeGreaterThan(large!.last.training);
  expect(dropped!.best.epoch).toBeGreaterThan(large!.best.epoch);
  for (const { best } of [small!, large!, dropped!]) expect(best.heldOut).toBeLessThan(counts.bigram);
});
