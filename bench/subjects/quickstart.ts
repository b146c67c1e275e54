import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../examples/00-quickstart/index.js';
import { useOneEngine } from './one-engine.js';
import { quickstartSize } from './quickstart-size.js';

/** Milliseconds of a training step of the quickstart: the mean over `steps`, as the example itself measures it. */
export async function trainSteps(backend: string, engine: string, steps: number): Promise<number[]> {
  await useOneEngine(backend, engine);
  const runs = await mkdtemp(join(tmpdir(), 'gatewise-quickstart-'));
  try {
    const nowhere = { write: () => true, isTTY: false };
    const result = await main(['--backend', backend, '--steps', String(steps)], {
      ...{ size: quickstartSize, runs, progress: nowhere, print: () => {}, say: () => {} },
    });
    return [(1000 * result!.seconds) / steps];
  } finally {
    await rm(runs, { recursive: true, force: true });
  }
}
