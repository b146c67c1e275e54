import { indrnn } from '@gatewise/cell-indrnn';
import { lstmPeephole } from '@gatewise/cell-peephole';
import * as cells from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { type RecurRequest, recordProgram } from '@gatewise/recurrence';
import { describe, expect, it } from 'vitest';
import { factsOf } from './facts.js';
import type { Limits } from './limits.js';
import { mostTextures, passesOf } from './passes.js';

const all = [...Object.values(cells), lstmPeephole, indrnn] as unknown as readonly AnyCell[];
const device = (targets: number, samplers = 16): Limits => ({
  ...{ targets, samplers, side: 4096, rows: 4096, float32: true },
});

const plain = (cell: AnyCell): RecurRequest => ({
  ...{ program: recordProgram(cell), B: 5, T: 7, I: 6, H: 9 },
  ...{
    ids: false,
    masked: false,
    reverse: false,
    padding: 'zeros',
    record: true,
    dx: 'surely',
    probe: false,
  },
  ...{ operandDropout: null, zoneout: null },
});
/** What reads and writes the most. */
const everything = (cell: AnyCell): RecurRequest => ({
  ...plain(cell),
  ...{ masked: true, probe: true },
  operandDropout: { kind: 'mask', perStep: true },
  zoneout: { kind: 'mask' },
});

const passes = (request: RecurRequest, limits: Limits) => {
  const p = passesOf(factsOf(request), limits);
  const { step, vectors, first } = p.backward!;
  const sums = [...p.dW, ...p.dR].map(({ pass }) => pass);
  return [...p.projection, ...p.forward.step, ...p.forward.after, ...step, ...vectors, first]
    .concat(sums, p.dX, p.db, p.dvectors)
    .flat();
};

describe.each(all.map((cell) => [cell.name, cell] as const))('%s', (_, cell) => {
  it.each([8, 4, 2, 1])('fits a device of %d targets, each sheet once', (targets) => {
    for (const request of [plain(cell), everything(cell)]) {
      const list = passes(request, device(targets));
      expect(Math.max(...list.map(({ outputs }) => outputs.length))).toBeLessThanOrEqual(targets);
      expect(mostTextures(passesOf(factsOf(request), device(targets)))).toBeLessThanOrEqual(16);
      const { forward, backward } = passesOf(factsOf(request), device(targets));
      for (const group of [[...forward.step, ...forward.after], backward!.step]) {
        const written = group.flatMap(({ outputs }) => outputs);
        expect(new Set(written).size).toBe(written.length);
      }
      for (const { samplers, outputs } of list) {
        const same = samplers.filter(({ sheet, when }) => when === 'now' && outputs.includes(sheet));
        expect(same).toEqual([]); // no draw reads what it writes
      }
    }
  });

  it('takes one draw a step each way with 8 targets, two with an operand', () => {
    const { forward, backward } = passesOf(factsOf(plain(cell)), device(8));
    const wanted = cell.operand ? 2 : 1;
    expect([forward.step.length, forward.after.length]).toEqual([wanted, 0]);
    expect(backward!.step.length).toBe(wanted);
  });
});

it('with 4 targets the LSTM takes one draw a step forward, what is saved after the last one', () => {
  const { forward } = passesOf(factsOf(plain(cells.lstm as unknown as AnyCell)), device(4));
  expect([forward.step.length, forward.after.length]).toEqual([1, 2]);
});
