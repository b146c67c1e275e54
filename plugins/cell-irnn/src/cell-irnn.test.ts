import { Num } from '@gatewise/recurrence';
import { expect, it } from 'vitest';
import { irnn } from './index.js';

it('passes what is above 0, and its gradient', () => {
  const at = (a: number) => irnn.forward<Num>({ h: new Num(a) }, { h: new Num(7) }, {});
  expect([at(0.5).next.h.v, at(-0.5).next.h.v]).toEqual([0.5, 0]);
  const back = (a: number) => irnn.backward<Num>({ h: new Num(3) }, at(a).saved, { h: new Num(7) }, {});
  expect([back(0.5).gates.h!.v, back(-0.5).gates.h!.v]).toEqual([3, 0]);
});
