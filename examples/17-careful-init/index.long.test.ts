import { writeTutorial } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { solved, tutorial } from './index.js';

it('ReLU with the identity remembers without gates; tanh does not, however it starts', async () => {
  const { starts } = await writeTutorial(tutorial);
  const of = (start: string) => starts.find((one) => one.start === start)!;
  const count = (start: string, rate?: number) =>
    solved(of(start).runs, 20, rate) + solved(of(start).runs, 60, rate);
  const [irnn, lstm0, lstm1] = ['ReLU, R = I: IRNN', 'LSTM, forget bias 0', 'LSTM, forget bias 1'] as const;
  for (const { weights } of starts) expect(weights).toBeLessThanOrEqual(1000);
  for (const { start, runs } of starts.filter((one) => one.start.startsWith('tanh'))) {
    expect(count(start), start).toBe(0);
    for (const { T, heldOut } of runs) if (T === 60) expect(heldOut!, start).toBeGreaterThan(0.9 / 6);
  }
  // careful initialisation, and optimisation
  expect(count(irnn, 1e-3)).toBe(4);
  expect(count(irnn, 1.6e-2)).toBeLessThan(4);
  for (const lstm of [lstm0, lstm1]) {
    expect([count(lstm, 1e-3), count(lstm, 1.6e-2)]).toEqual([0, 4]);
    expect(count(irnn)).toBeGreaterThan(count(lstm));
  }
  expect(Math.abs(count('ReLU, orthogonal R') - count(irnn))).toBeLessThan(3);
  // before training
  const after = (start: string) => of(start).norms.at(-1)!;
  expect(after(irnn)).toBeCloseTo(1, 2);
  expect(after('tanh, R = I')).toBeGreaterThan(0.5);
  expect(after('ReLU, orthogonal R')).toBeLessThan(after('tanh, orthogonal R'));
});
