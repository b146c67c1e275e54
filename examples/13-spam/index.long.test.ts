import { writeTutorial } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { tutorial } from './index.js';

it('tells held-out messages about as well as counting does at the same time, and no better later', async () => {
  const { right, reading, messages } = await writeTutorial(tutorial);
  const [never, counting, network] = right;
  expect(messages.at(-1)!.ham + messages.at(-1)!.spam).toBeGreaterThan(2500);
  for (const { same, later } of [counting!, network!]) {
    expect(same).toBeGreaterThan(never!.same + 0.1);
    expect(later).toBeGreaterThan(never!.later + 0.3);
  }
  expect(Math.abs(network!.same - counting!.same)).toBeLessThan(0.02);
  expect(network!.later).toBeLessThan(network!.same);
  expect(counting!.later).toBeLessThan(counting!.same);
  expect(network!.later).toBeLessThan(counting!.later + 0.01);
  // more words tell more; after two, the network knows more than counts
  expect(reading.at(-1)!.network).toBeGreaterThan(reading[0]!.network + 0.1);
  expect(reading[0]!.network).toBeGreaterThan(reading[0]!.counts);
});
