import { writeTutorial } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { tutorial } from './index.js';

it('one gate does much of what two do: unit for unit it beats the vanilla cell, weight for weight it is near the GRU', async () => {
  const { proof, runs } = await writeTutorial(tutorial);
  expect(proof.passed).toBe(proof.checks);
  const of = (name: string, units: number) => runs.find((run) => run.cell === name && run.units === units)!;
  const bits = (name: string, units: number) => of(name, units).points.at(-1)!.bits;
  for (const [name, units] of [
    ['vanilla', 103],
    ['gru', 48],
  ] as const) {
    expect(Math.abs(of(name, units).weights / of('mgu', 64).weights - 1)).toBeLessThan(0.03);
  }
  expect(bits('mgu', 64)).toBeLessThan(bits('vanilla', 64));
  expect(bits('gru', 64)).toBeLessThan(bits('mgu', 64));
  expect(Math.abs(bits('mgu', 64) - bits('gru', 48))).toBeLessThan(0.15);
  expect(Math.abs(bits('mgu', 64) - bits('vanilla', 103))).toBeLessThan(0.1);
});
