import '@tensorflow/tfjs';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { runWithTensorboard, text } from './test-support/run.js';

const call = promisify(execFile);
const environment = fileURLToPath(new URL('../../../bench/.peers/tensorboard/', import.meta.url));
const bin = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
const python = join(environment, ...bin);
/** One version, so that what is shown stays shown. */
const PACKAGES = ['tensorboard==2.21.0', 'setuptools<81'];

/** Installs TensorBoard where the bench keeps its peers, out of git; why not, where it cannot. */
async function setUp(): Promise<string | undefined> {
  try {
    if (!existsSync(python))
      await call(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', environment]);
    const quiet = ['--disable-pip-version-check', '--no-input', '-q'];
    await call(python, ['-m', 'pip', ...quiet, 'install', ...PACKAGES], { timeout: 600_000 });
    await call(python, ['-c', 'import tensorboard']);
    return undefined;
  } catch (error) {
    return (error as Error).message.trim().split('\n').at(-1);
  }
}
const missing = await setUp();

/** What TensorBoard's own reader makes of a folder: the accumulator that `tensorboard --inspect` uses. */
const READ = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util
acc = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0, 'histograms': 0, 'tensors': 0})
acc.Reload()
tags = acc.Tags()
print(json.dumps({
  'scalars': {t: [[e.step, e.value] for e in acc.Scalars(t)] for t in tags['scalars']},
  'histograms': {t: [[e.step, e.histogram_value.num, e.histogram_value.min, e.histogram_value.max, e.histogram_value.sum,
    len(e.histogram_value.bucket), sum(e.histogram_value.bucket)] for e in acc.Histograms(t)] for t in tags['histograms']},
  'texts': {t: [[e.step, tensor_util.make_ndarray(e.tensor_proto).tolist()[0].decode()] for e in acc.Tensors(t)]
    for t in tags['tensors']},
  'plugins': {t: acc.SummaryMetadata(t).plugin_data.plugin_name for t in tags['tensors']},
}, allow_nan=True).replace('NaN', 'null'))
`;

const folder = mkdtempSync(join(tmpdir(), 'gatewise-tensorboard-'));
afterAll(() => rmSync(folder, { recursive: true }));
type Series = Record<string, [number, ...unknown[]][]>;
interface Seen {
  readonly scalars: Series;
  readonly histograms: Series;
  readonly texts: Series;
  readonly plugins: Record<string, string>;
}
const read = async (name: string) =>
  JSON.parse((await call(python, ['-c', READ, join(folder, name)])).stdout) as Seen;

describe.skipIf(missing !== undefined)(
  `the real TensorBoard${missing ? `, which is not here: ${missing}` : ''}`,
  () => {
    it('reads scalars, histograms and texts as they were written', async () => {
      await tf.setBackend('cpu');
      const { history } = await runWithTensorboard({ folder: join(folder, 'a'), every: 1, histograms: 2 });
      const { scalars, histograms, texts, plugins } = await read('a');
      expect(scalars.loss?.map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(scalars.extra?.map(([, value]) => value)).toEqual([-0.5, -1, -1.5, -2, -2.5, null]);
      expect(scalars['epoch/valLoss']).toEqual([
        [3, Math.fround(history[0]?.valLoss as number)],
        [6, Math.fround(history[1]?.valLoss as number)],
      ]);
      // the weights before any update: 1, 2, 3, 4
      expect(histograms['weights/w']?.[0]).toEqual([0, 4, 1, 4, 10, 30, 4]);
      expect(histograms['weights/b']?.[0]).toEqual([0, 1, 0.5, 0.5, 0.5, 1, 1]);
      expect(histograms['gradients/w']?.map(([step]) => step)).toEqual([0, 2, 4]);
      expect(texts.sample).toEqual([
        [3, text],
        [6, text],
      ]);
      expect(plugins.sample).toBe('text');
    });

    it('lets a second file take over from its first step on', async () => {
      const { openEventFile } = await import('./event-file.js');
      const write = async (steps: number[], restart: boolean, scalar: number, seconds: number) => {
        const file = await openEventFile(join(folder, 'b'), seconds);
        const first = steps[0] as number;
        if (restart) file.add({ wallTime: seconds, step: first, what: { restart: true } });
        for (const step of steps)
          file.add({ wallTime: seconds, step, what: { values: [{ tag: 'loss', content: { scalar } }] } });
        await file.flush();
        await file.close();
      };
      await write([1, 2, 3, 4], false, 1, 1000);
      await write([3, 4, 5], true, 2, 2000);
      expect((await read('b')).scalars.loss).toEqual([
        [1, 1],
        [2, 1],
        [3, 2],
        [4, 2],
        [5, 2],
      ]);
    });
  },
);
