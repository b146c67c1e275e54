import { writeTutorial } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { KNOWS_NOTHING, tutorial } from './index.js';

it('clipping keeps descents on the map and networks whole, and teaches neither', async () => {
  const { paths, descents, networks } = await writeTutorial(tutorial);
  expect(paths.map(({ outcome }) => outcome)).toEqual(['thrown out', 'arrived']);
  const pairs = <T>(all: readonly T[]) =>
    all.flatMap((one, n) => (n % 2 === 0 ? [[one, all[n + 1]!] as const] : []));
  for (const [without, clipped] of pairs(descents)) {
    expect(without.rate).toBe(clipped.rate);
    expect(without.thrownOut, `${without.rate}`).toBeGreaterThan(10);
    expect(clipped.thrownOut).toBe(0);
    expect(clipped.arrived).toBeGreaterThan(without.arrived);
  }
  // level ground stays level
  expect(descents[1]!.arrived).toBeLessThan(0.8 * descents[1]!.starts);
  expect(networks.filter(({ clipping }) => clipping !== 'without').every(({ broke }) => broke === 0)).toBe(
    true,
  );
  const broke = networks.filter(({ clipping }) => clipping === 'without').map((n) => n.broke);
  expect(broke).toEqual([...broke].sort((a, b) => a - b));
  expect(broke.at(-1)).toBe(networks[0]!.seeds);
  expect(networks.at(-1)!.lost).toBeGreaterThan(0);
  const best = Math.min(...networks.map((n) => n.best ?? 1));
  expect(best).toBeLessThan(KNOWS_NOTHING);
  expect(best).toBeGreaterThan(KNOWS_NOTHING / 2);
});
