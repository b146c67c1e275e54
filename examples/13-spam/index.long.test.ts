import { writeTutorial } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { tutorial } from './index.js';

it('tells held-out messages about as well as counting does, and less well later', async () => {
  const { right, reading, messages, tried, chosen } = await writeTutorial(tutorial);
  const [never, counting, weighted, network] = right;
  expect(messages.at(-1)!.ham + messages.at(-1)!.spam).toBeGreaterThan(2500);
  for (const { same, later } of [counting!, weighted!, network!]) {
    expect(same).toBeGreaterThan(never!.same + 0.1);
    expect(later).toBeGreaterThan(never!.later + 0.3);
    expect(later).toBeLessThan(same);
  }
  expect(Math.abs(network!.same - counting!.same)).toBeLessThan(0.02);
  expect(Math.abs(network!.later - counting!.later)).toBeLessThan(0.01);
  // without a weight more spam is let through
  expect(tried[0]!.spam).toBeLessThan(tried.find(({ spamWeight }) => spamWeight === chosen)!.spam);
  // with the same weight, counting is ahead however much is read
  for (const { words, guess, right: share } of reading.filter((one) => one.guess === 'the network')) {
    const same = reading.find((one) => one.words === words && one.guess === 'counting words, spam weighted');
    expect(share, `${guess}, ${words} words`).toBeLessThan(same!.right);
  }
});
