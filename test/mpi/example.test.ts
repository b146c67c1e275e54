import { tutorial } from '@gatewise/example-20-two-processes';
import { expect, it } from 'vitest';
import { findMpi } from '../../scripts/setup-mpi.mjs';

const mpirun = await findMpi().catch((error: Error) => error);
const why = mpirun instanceof Error ? `: ${mpirun.message}` : '';

it.skipIf(why !== '')(`two processes end as one does, and as each other${why}`, async () => {
  const { runs } = await tutorial.run('short');
  expect(runs.map(({ processes }) => processes)).toEqual([1, 2]);
  expect(runs[1]!.bits).toBeCloseTo(runs[0]!.bits, 5);
  expect(runs[1]!.fromOne).toBeLessThan(1e-6);
  expect(runs[1]!.betweenRanks).toBe(0);
});
