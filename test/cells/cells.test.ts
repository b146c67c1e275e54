import { fileURLToPath } from 'node:url';
import { useBackend } from '@gatewise/backends';
import { lstmCoupled } from '@gatewise/cell-coupled';
import { gruHardSigmoid, lstmHardSigmoid } from '@gatewise/cell-hard-sigmoid';
import { indrnn } from '@gatewise/cell-indrnn';
import { irnn } from '@gatewise/cell-irnn';
import { lstmPeephole } from '@gatewise/cell-peephole';
import { additive, gru, gruResetAfter, lstm, lstmOriginal, vanilla } from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { Num } from '@gatewise/recurrence';
import { cellSuite, gateTable, replayGoldenFile } from '@gatewise/testing';
import { describe, expect, it } from 'vitest';
import { golden } from '../golden/registry.js';

/** Every cell, and the golden files that know it by another name. */
const cells: [AnyCell, ...string[]][] = [
  [vanilla, 'rnn_tanh'],
  [additive, 'additive'],
  [lstmOriginal, 'lstm_original'],
  [lstm, 'lstm'],
  [gru, 'gru_reset_before_slide', 'gru_reset_before_keras'],
  [gruResetAfter, 'gru_reset_after_slide', 'gru_reset_after_keras'],
  [lstmPeephole, 'lstm_peephole'],
  [indrnn],
  [lstmCoupled],
  [irnn],
  [lstmHardSigmoid],
  [gruHardSigmoid],
];

for (const [cell, ...names] of cells) {
  const files = names.map((name) => `cells/${name}/basic.json`);
  const path = (file: string) => fileURLToPath(new URL(`../golden/files/${file}`, import.meta.url));
  cellSuite({ describe, it }, cell, {
    backend: () => useBackend('cpu'),
    golden: Object.fromEntries(files.map((file) => [file, () => replayGoldenFile(path(file), golden)])),
  });
}

describe("the lecture's table: the popular LSTM with its gates forced", () => {
  it.each(gateTable)('i = $i, f = $f: $does, in float64', ({ i, f, memory }) => {
    const forced = (open: number) => new Num(open === 1 ? 1000 : -1000);
    const [c, g] = [-1.75, Math.tanh(0.4)];
    const a = { i: forced(i), f: forced(f), g: new Num(0.4), o: forced(1) };
    const { next } = lstm.forward<Num>(a, { h: new Num(0.3), c: new Num(c) }, {});
    expect(next.c.v).toBe(memory(c, g) + 0);
    expect(next.h.v).toBe(Math.tanh(next.c.v));
  });
});
