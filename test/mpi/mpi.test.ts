import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Jobs, mpirun, openJobs } from './launch.js';
import { difference, type Outcome, runs, start } from './runs.js';

const why = mpirun instanceof Error ? mpirun.message : undefined;
type All = Readonly<Record<string, Outcome>>;

describe.skipIf(why !== undefined)(`ranks of mpirun${why === undefined ? '' : `: ${why}`}`, () => {
  let jobs: Jobs;
  beforeAll(async () => {
    await start();
    jobs = await openJobs();
  });
  afterAll(() => jobs?.dispose());

  it.each([2, 4])(
    '%i ranks with B/N rows each end as one process with B, the same bits on each',
    async (n) => {
      const { code, outcomes, output } = await jobs.run<All>(n, 'equal');
      expect(code, output).toBe(0);
      expect(outcomes).toHaveLength(n);
      const [first, ...others] = outcomes as [All, ...All[]];
      for (const name of Object.keys(runs)) {
        const one = await runs[name]!();
        const all = first[name]!;
        expect(all.steps).toBe(one.steps);
        expect(difference(one, all), name).toBeLessThan(1e-6);
        for (const [i, loss] of one.losses.entries())
          expect(all.losses[i], `${name} ${i}`).toBeCloseTo(loss, 5);
        for (const [i, logs] of one.history.entries()) {
          expect(Object.keys(all.history[i]!).sort()).toEqual(Object.keys(logs).sort());
          for (const [key, value] of Object.entries(logs))
            expect(all.history[i]![key], key).toBeCloseTo(value, 4);
        }
      }
      for (const [name, { left, weights, losses, history }] of Object.entries(first)) {
        // local steps report what the rank saw in each
        const shared = name === 'local' ? { left, weights } : { left, weights, losses, history };
        expect(left, name).toBe(0);
        for (const other of others) expect(other[name], name).toMatchObject(shared);
      }
      // in messages of another size
      expect(first.again).toEqual(first.plain);
      expect(first.stopped).toMatchObject({ steps: 7, reason: 'stopped' });
      expect(difference(first.local!, first.plain!)).toBeGreaterThan(1e-4);
      expect(first.local!.history.at(-1)!.loss).toBeCloseTo(first.plain!.history.at(-1)!.loss!, 1);
      expect(output).toContain(`gatewise: ${n} ranks on one host, `);
      expect(output.match(/ranks on one host/g)).toHaveLength(Object.keys(first).length);
    },
  );

  it('refuses ranks that are not alike, on every rank, before a step', async () => {
    const { outcomes, output } = await jobs.run<Record<string, string>>(2, 'refused', jobs.folder('none'));
    expect(outcomes, output).toHaveLength(2);
    const wanted = {
      options: /GW_RANKS_MISMATCH: .*got options.epochs 3 on rank 1, wanted 2 as on rank 0/,
      plugins: /GW_RANKS_MISMATCH: .*got plugins\.\d+ .* on rank 1/,
      unequal: /GW_RANKS_UNEQUAL: got rank 1 out of batches .* where the others have more/,
      empty: /GW_RANKS_UNEQUAL: got rank 1 out of batches .*, and at least one/,
      rows: /GW_RANKS_UNEQUAL: got 7 rows in all of 2 ranks/,
      rest: /GW_RANKS_SHARD: got 3 rows for 2 ranks .* a multiple of 2/,
      few: /GW_RANKS_SHARD: got 1 rows for 2 ranks .* at least a row for each/,
      restore: /GW_PLUGIN_HOOK: .*plugin "lost" failed in onRestore: no disk/,
      diverged: /GW_RANKS_DIVERGED: got weight ".*" with other values on some ranks after step 1/,
    };
    for (const said of outcomes) {
      expect(Object.keys(said)).toEqual(Object.keys(wanted));
      for (const [name, message] of Object.entries(wanted)) expect(said[name], name).toMatch(message);
    }
  });

  it('a rank that dies ends the job with its name and the checkpoint, which is gone on from exactly', async () => {
    const folder = jobs.folder('died');
    const died = await jobs.run(2, 'dies', folder);
    expect(died.code).not.toBe(0);
    expect(died.outcomes).toEqual([]);
    expect(died.output).toMatch(
      /GW_MPI_RANK: rank 1 of 2 died \(process \d+ on .*\); go on from .*died\/step-000000005/,
    );
    expect(existsSync(`${folder}/step-000000005.sha256`)).toBe(true);
    const resumed = await jobs.run<Outcome>(2, 'resumes', folder);
    const whole = await jobs.run<Outcome>(2, 'whole', jobs.folder('whole'));
    expect(resumed.output).toContain('going on from');
    expect(resumed.outcomes, resumed.output).toHaveLength(2);
    const kept = ({ outcomes }: typeof whole) =>
      outcomes.map(({ weights, history }) => ({ weights, history }));
    expect(kept(resumed)).toEqual(kept(whole));
  });

  it.each([
    [
      'throws',
      /GW_MPI_RANK: rank 1 of 2 failed: .*failed in onBatchEnd: out of luck; go on from .*step-000000005/,
    ],
    [
      'hangs',
      /GW_MPI_TIMEOUT: rank 0 of 2 waited .* options.timeout; without an answer: rank 1 \(process \d+ on .*\); go on from .*step-000000005/,
    ],
  ])('a rank that %s ends the job, with the reason and the checkpoint', async (task, said) => {
    const { code, output, outcomes } = await jobs.run(2, task, jobs.folder(task));
    expect(code).not.toBe(0);
    expect(outcomes).toEqual([]);
    expect(output).toMatch(said);
  });
});
