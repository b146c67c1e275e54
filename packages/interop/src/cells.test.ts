import { gruHardSigmoid, lstmHardSigmoid } from '@gatewise/cell-hard-sigmoid';
import { irnn } from '@gatewise/cell-irnn';
import { lstmPeephole } from '@gatewise/cell-peephole';
import type { AnyCell } from '@gatewise/core';
import { registerCell, registeredCells } from '@gatewise/layers';
import { expect, it } from 'vitest';
import { cellOf } from './cells.js';
import type { CellSpec } from './model.js';

const lstm = {
  kind: 'lstm',
  gates: 'sigmoid',
  activation: 'tanh',
  output: 'tanh',
  peepholes: false,
} as const;
const gru = { kind: 'gru', gates: 'sigmoid', activation: 'tanh', resetAfter: false } as const;

it.each<[CellSpec, string]>([
  [{ kind: 'rnn', activation: 'tanh' }, 'vanilla'],
  [lstm, 'lstm'],
  [gru, 'gru'],
  [{ ...gru, resetAfter: true }, 'gru-reset-after'],
  [{ kind: 'own', name: 'additive' }, 'additive'],
  [{ ...lstm, gates: 'hard-sigmoid-6', activation: 'relu' }, 'lstm-hard-sigmoid-6-relu-tanh'],
  [{ ...gru, resetAfter: true, gates: 'hard-sigmoid' }, 'gru-reset-after-hard-sigmoid'],
])('%j is the cell %s', (spec, name) => {
  expect(cellOf(spec)).toBe(name);
  expect(registeredCells()).toContain(name);
});

it.each<[CellSpec, AnyCell]>([
  [{ ...lstm, gates: 'hard-sigmoid' }, lstmHardSigmoid],
  [{ ...gru, gates: 'hard-sigmoid' }, gruHardSigmoid],
  [{ ...lstm, peepholes: true }, lstmPeephole],
  [{ kind: 'rnn', activation: 'relu' }, irnn],
])('a cell made for %j is the same as the plugin that has its name', (spec, plugin) => {
  expect(cellOf(spec)).toBe(plugin.name);
  expect(() => registerCell(plugin)).not.toThrow(); // it would with other mathematics
});
