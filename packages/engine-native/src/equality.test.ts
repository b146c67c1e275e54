import { lstmPeephole } from '@gatewise/cell-peephole';
import { gru, lstm } from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findAddon } from './addon.js';
import { liveReserves, loadNative } from './index.js';
import { allCells } from './test-support/all-cells.js';
import { cases } from './test-support/cases.js';
import { odd } from './test-support/odd-cell.js';
import { distance, type Options, type Results, run, type Sizes } from './test-support/run-case.js';

const addon = findAddon();
const missing = addon instanceof Error;
const title = missing ? ' (skipped: the addon is not built)' : '';
const here: string[] = missing ? [] : addon.describe().slice(3).map(String);

const wanted = new Map<string, Results>();
function check(
  cell: AnyCell,
  sizes: Sizes,
  name: string,
  options: Options,
  kind: 'variable' | 'plain' = 'variable',
) {
  const key = `${cell.name} ${sizes} ${name} ${kind}`;
  if (!wanted.has(key)) wanted.set(key, run(cell, sizes, options, 'ops', kind));
  const want = wanted.get(key)!;
  const got = run(cell, sizes, options, 'native', kind);
  expect(Object.keys(got)).toEqual(Object.keys(want));
  const limit = 1e-5;
  for (const [what, values] of Object.entries(want)) {
    const off = distance(got[what]!, values);
    expect(off <= limit, `${key}: ${what} is off by ${off}`).toBe(true);
  }
}

beforeAll(async () => {
  await tf.setBackend('cpu');
  await loadNative();
});

describe.skipIf(missing).each(here)(`%s equals ops${title}`, (arch) => {
  beforeAll(() => {
    if (!(addon instanceof Error)) addon.use(arch);
  });
  afterAll(() => {
    if (!(addon instanceof Error)) addon.use(here[0]!);
  });

  describe.each(allCells.map((cell) => [cell.name, cell] as const))('%s', (_, cell) => {
    it.each(Object.entries(cases))('%s', (name, options) => {
      check(cell, [3, 5, 4, 6], name, options);
      check(cell, [3, 5, 4, 6], name, options, 'plain');
    });
    it.each([[[1, 1, 1, 1]], [[5, 9, 17, 33]], [[3, 50, 5, 7]], [[2, 3, 4, 128]], [[9, 4, 3, 40]]] as const)(
      'sizes %s',
      (sizes) => {
        check(cell, sizes, 'plain', cases.plain!);
        check(cell, sizes, 'everything', cases.everything!);
      },
    );
  });

  it.each([lstm, lstmPeephole, odd])('a row longer than a chunk', (cell) => {
    check(cell as unknown as AnyCell, [2, 2, 2, 530], 'everything', cases.everything!);
  });

  it('an LSTM large enough for every thread', () => {
    check(lstm as unknown as AnyCell, [16, 20, 32, 64], 'plain', cases.plain!);
    check(gru as unknown as AnyCell, [17, 20, 32, 64], 'everything', cases.everything!);
    check(lstm as unknown as AnyCell, [17, 20, 32, 64], 'ids', cases.ids!);
    // one row: the threads share its columns
    check(lstm as unknown as AnyCell, [1, 12, 64, 130], 'everything', cases.everything!);
    check(gru as unknown as AnyCell, [1, 12, 64, 130], 'everything', cases.everything!);
    check(lstm as unknown as AnyCell, [1, 12, 64, 130], 'ids, masked', cases['ids, masked']!);
    expect(liveReserves()).toBe(0);
  });
});
