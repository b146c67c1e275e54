import { writeTutorial } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { tutorial } from './index.js';

it('tells held-out names better than their endings do, and is less sure of names in both lists', async () => {
  const { curve, endings, majority, names, reading, sureness } = await writeTutorial(tutorial);
  const network = curve.at(-1)!.heldOut;
  expect(network).toBeGreaterThan(endings[0]!.accuracy + 0.05);
  for (const { accuracy } of endings) expect(network).toBeGreaterThan(accuracy + 0.02);
  expect(endings[0]!.accuracy).toBeGreaterThan(majority);
  // what a name in training has that a held-out one has not: it was seen
  expect(curve.at(-1)!.training).toBeGreaterThan(network);
  expect(names.heldOut).toBeGreaterThan(1500);
  expect(sureness.heldOut).toBeGreaterThan(sureness.inBoth + 0.05);
  for (const { kind, female } of reading) expect(female.at(-1)! > 0.5).toBe(kind === 'female');
});
