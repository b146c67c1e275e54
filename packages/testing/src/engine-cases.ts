import { type AnyCell, cellNames } from '@gatewise/core';
import type { CaseOptions } from './recur-case.js';

/** What an engine may say it does not do. */
export const engineFeatures = [
  'ids',
  'mask',
  'hold-padding',
  'reverse',
  'initial-state',
  'zoneout',
  'operand-dropout',
  'probe',
  'operand',
  'vectors',
] as const;
export type EngineFeature = (typeof engineFeatures)[number];

const odd = { B: 3, T: 5, I: 7, H: 5 };
const s = { ...odd, state0: true };

/** The requests that every engine answers, for every cell. */
export const engineCases: Readonly<Record<string, CaseOptions>> = {
  'one of everything': { B: 1, T: 1, I: 1, H: 1 },
  'odd sizes': odd,
  'one row, many steps': { B: 1, T: 33, I: 2, H: 3, state0: true },
  'more units than a block': { B: 5, T: 3, I: 17, H: 33, state0: true },
  'initial states': s,
  'a loss of the final states alone': { ...s, upstream: 'final' },
  'a loss of the outputs alone': { ...s, upstream: 'y' },
  ids: { ...odd, ids: true },
  'lengths, one of them 0': { ...s, mask: 'right' },
  'lengths, padding held': { ...s, mask: 'right', padding: 'hold' },
  'masked anywhere, NaN there': { ...s, mask: 'any', poison: true },
  'ids, masked anywhere': { ...s, ids: true, mask: 'any' },
  'in reverse': { ...s, reverse: true },
  'in reverse over lengths, NaN beyond them': { ...s, reverse: true, mask: 'right', poison: true },
  'zoneout by masks': { ...s, zoneout: 'mask' },
  'zoneout by seed': { ...s, zoneout: 'draw' },
  'zoneout at inference': { ...s, zoneout: 'expect' },
  'operand dropout by a mask': { ...s, operandDropout: 'mask' },
  'operand dropout by masks a step': { ...s, operandDropout: 'step-mask' },
  'operand dropout by seed': { ...s, operandDropout: 'draw' },
  'operand dropout by seed, a step': { ...s, operandDropout: 'step-draw' },
  probe: { ...s, probe: true },
  'all at once': {
    ...s,
    mask: 'any',
    padding: 'hold',
    reverse: true,
    zoneout: 'draw',
    operandDropout: 'step-draw',
    probe: true,
  },
  'states kept of some steps': { ...s, T: 7, memory: 'states', probe: true },
  'states kept of every second step, ids': { ...s, ids: true, memory: 2 },
  'states kept of every second step, all at once': {
    ...s,
    memory: 2,
    mask: 'any',
    padding: 'hold',
    reverse: true,
    zoneout: 'draw',
    operandDropout: 'step-draw',
    probe: true,
    poison: true,
  },
  'inputs of 1e-20': { ...s, scale: 1e-20 },
  'saturated gates': { ...s, scale: 10 },
};

/** The features that a request of a cell needs. */
export function featuresOf(cell: AnyCell, o: CaseOptions): EngineFeature[] {
  const { vectors, feeds } = cellNames(cell);
  const needs: Record<EngineFeature, boolean> = {
    ids: o.ids === true,
    mask: o.mask !== undefined,
    'hold-padding': o.padding === 'hold',
    reverse: o.reverse === true,
    'initial-state': o.state0 === true,
    zoneout: o.zoneout !== undefined,
    'operand-dropout': o.operandDropout !== undefined,
    probe: o.probe === true,
    operand: feeds.length > 0,
    vectors: vectors.length > 0,
  };
  return engineFeatures.filter((feature) => needs[feature]);
}
