import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@gatewise/backends';
import { indrnn } from '@gatewise/cell-indrnn';
import { lstmPeephole } from '@gatewise/cell-peephole';
import * as cells from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { findGolden, goldenLines, replayGolden } from '@gatewise/testing';
import { describe, expect, it } from 'vitest';
import { learnsNumbers, learnsWords } from '../browser/page/training.js';
import { golden } from '../golden/registry.js';
import { whyNot } from '../on-backend.js';
import { webgpuSuite } from './webgpu-suite.js';

const reason = await whyNot('webgpu');
const all = [...Object.values(cells), lstmPeephole, indrnn] as unknown as readonly AnyCell[];
const folder = fileURLToPath(new URL('../golden/files/', import.meta.url));
const files = await findGolden(['cells', 'stacks', 'losses'].map((name) => `${folder}${name}`));
/** Not pointwise: composed of tf.js ops alone. */
const pointwise = files.filter((file) => !file.includes('/lstm_layernorm/'));

describe.skipIf(reason !== null)(`backend webgpu in Node${reason ? `: ${reason}` : ''}`, () => {
  webgpuSuite(
    { describe, it },
    { on: 'webgpu in Node', use: () => useBackend('webgpu'), cells: all, some: all, long: true },
  );

  it('trains a model on numbers: the loss falls, and no memory is lost', () => learnsNumbers('webgpu'));
  it('trains a model on ids: the loss falls, and no memory is lost', () => learnsWords('webgpu'));

  describe('golden files', () => {
    for (const file of pointwise) {
      it(file.slice(folder.length), async () => {
        await useBackend('webgpu');
        const result = await replayGolden(file, JSON.parse(await readFile(file, 'utf8')), {
          ...golden,
          engine: 'webgpu',
        });
        expect(result.status, goldenLines(result).join('\n')).toBe('passed');
      });
    }
  });
});
