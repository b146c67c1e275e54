import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median, type Row } from './rows.js';
import type { Subject } from './subjects.js';
import type { Workers } from './workers.js';

const N = 1024;
const GFLOP = (2 * N ** 3) / 1e9;
const LIMIT = 60_000;

/** Milliseconds of products [N,N] × [N,N] by each BLAS; more are added with every call. */
export class Gemm {
  readonly #ms = new Map<Subject, number[]>();

  async measure(subjects: readonly Subject[], workers: Workers, times: number): Promise<void> {
    const nothing = join(workers.folder, 'nothing');
    writeFileSync(nothing, '');
    for (const subject of subjects) {
      if (!(await workers.isThere(subject))) continue;
      const { worker } = await workers.get(subject);
      const question = {
        do: 'prepare',
        one: { measure: 'gemm' },
        places: {},
        data: nothing,
        result: nothing,
      };
      await worker.ask(question, LIMIT);
      const { ms } = await worker.ask({ do: 'run', times: times + 2 }, LIMIT);
      this.#ms.set(subject, [...(this.#ms.get(subject) ?? []), ...ms!.slice(2)]);
    }
  }

  rows(): Row[] {
    return [...this.#ms].map(([{ name, peer, backend, engine }, ms]) => {
      const medianMs = median(ms);
      return {
        ...{ name, peer, backend, engine, cell: 'gemm', B: N, T: 1, I: N, H: N },
        ...{ measure: 'forward', medianMs, minMs: Math.min(...ms), maxMs: Math.max(...ms) },
        ...{ gflops: GFLOP / (medianMs / 1000), maxAbsDiff: 0 },
      };
    });
  }
}
