import { describe, expect, it } from 'vitest';
import { type AnyCell, cellNames, defineCell, dtanh } from './index.js';

const good = {
  name: 'tiny',
  state: ['h'],
  gates: ['h'],
  saved: ['h'],
  forward: ((a) => ({ next: { h: a.h!.tanh() }, saved: { h: a.h!.tanh() } })) as AnyCell['forward'],
  backward: ((d, { h }) => ({ gates: { h: d.h!.mul(dtanh(h!)) }, prev: {} })) as AnyCell['backward'],
};
const define = (change: object) => () => defineCell({ ...good, ...change } as never);

describe('defineCell', () => {
  it('accepts a cell and freezes it', () => {
    expect(Object.isFrozen(defineCell(good as never))).toBe(true);
  });
  it.each([
    ['a bad name', { name: 'My Cell' }, /lower-case/],
    ['no state', { state: [] }, /no states/],
    ['no gates', { gates: [] }, /no gates/],
    ['a name twice', { gates: ['i', 'i'] }, /twice in gates/],
    ['an unknown gate in input', { input: ['q'] }, /"q" in input, wanted one of h/],
    ['an unknown gate in recurrent', { recurrent: ['q'] }, /"q" in recurrent/],
    [
      'a fed gate that reads nothing',
      { gates: ['h', 'n'], recurrent: ['h'], operand: { feeds: ['n'] } },
      /"n" in operand.feeds/,
    ],
  ])('refuses %s', (_, change, message) => {
    expect(define(change)).toThrow(message);
    expect(define(change)).toThrow(/^GW_CELL_INVALID/);
  });
  it('fills in the defaults of a cell', () => {
    const cell = { ...good, gates: ['z', 'n'], operand: { feeds: ['n'] } } as unknown as AnyCell;
    expect(cellNames(cell)).toMatchObject({
      input: ['z', 'n'],
      recurrent: ['z', 'n'],
      feeds: ['n'],
      vectors: [],
    });
    expect(cellNames({ ...cell, input: ['n'], recurrent: [] })).toMatchObject({
      input: ['n'],
      recurrent: [],
    });
  });
});
