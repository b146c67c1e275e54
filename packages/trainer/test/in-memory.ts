import { type Communicator, oneProcess } from '@gatewise/plugin';

type Values = Float32Array | Float64Array | Int32Array | Uint8Array;
interface Call {
  readonly values: Values[];
  readonly done: (() => void)[];
}

const folds = {
  sum: (a: number, b: number) => a + b,
  min: (a: number, b: number) => Math.min(a, b),
  max: (a: number, b: number) => Math.max(a, b),
};

/** Communicators of n ranks in this process: a call is over when all have made it. */
export function inMemory(n: number, work: Partial<Communicator['work']> = {}) {
  const calls: Call[] = [];
  const made = Array<number>(n).fill(0);
  const aborted: string[] = [];
  const meet = (rank: number, values: Values, over: (all: Values[]) => void) =>
    new Promise<void>((resolve) => {
      const at = made[rank]!++;
      calls[at] ??= { values: Array<Values>(n), done: [] };
      const call = calls[at];
      call.values[rank] = values;
      call.done.push(resolve);
      if (call.done.length < n) return;
      over(call.values);
      for (const done of call.done) done();
    });
  const of = (rank: number): Communicator => ({
    ...oneProcess,
    rank,
    size: n,
    work: { bucketBytes: 64, localSteps: 1, data: 'global', ...work },
    allReduce: (values, how = 'sum') =>
      meet(rank, values, (all) => {
        const sums = values.map((_, i) => all.map((v) => v[i]!).reduce(folds[how]));
        for (const v of all) v.set(sums);
      }),
    broadcast: (values, root = 0) =>
      meet(rank, values, (all) => {
        for (const v of all) v.set(all[root]!);
      }),
    barrier: () => meet(rank, new Uint8Array(1), () => {}),
    abort: (reason) => void aborted.push(`rank ${rank}: ${reason}`),
  });
  return { ranks: Array.from({ length: n }, (_, rank) => of(rank)), made, aborted };
}
