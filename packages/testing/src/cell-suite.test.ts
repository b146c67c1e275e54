import '@tensorflow/tfjs';
import { gru, lstm, vanilla } from '@gatewise/cells';
import { type AnyCell, defineCell } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { failures } from '../test/collect.js';
import { cellSuite, replayGolden } from './index.js';

const backend = () => tf.setBackend('cpu');
const failed = (cell: AnyCell, golden = {}) =>
  failures((runner) => cellSuite(runner, cell, { backend, golden }));

describe('cellSuite', () => {
  it('passes a right cell', async () => {
    expect(await failed(gru)).toEqual({});
    expect(await failed(vanilla)).toEqual({});
  });

  it('fails a backward with a wrong sign, in every proof', async () => {
    const wrong: AnyCell = {
      ...(vanilla as AnyCell),
      name: 'wrong-sign',
      backward: (d, v) => {
        const { gates } = vanilla.backward(d as never, v as never, {} as never, {}) as never as {
          gates: { h: { neg(): never } };
        };
        return { gates: { h: gates.h.neg() }, prev: {} };
      },
    };
    const names = Object.keys(await failed(wrong)).join('\n');
    expect(names).toContain('dual numbers');
    expect(names).toContain('BPTT is the gradient');
    expect(names).toContain("tf.js' autodiff: masked, in reverse");
    expect(names).not.toContain('leaks nothing');
  });

  it('fails a backward that forgets what a state sends back', async () => {
    const forgetful: AnyCell = {
      ...(lstm as AnyCell),
      name: 'forgetful',
      backward: (d, v, s, w) => ({ ...(lstm as AnyCell).backward(d, v, s, w), prev: {} }),
    };
    const found = await failed(forgetful);
    expect(
      found['cell forgetful > its backward is the derivative of its forward: dual numbers, 1e-12'],
    ).toMatch(/prev\.c: got .* wanted at most 1\.00e-12/);
    expect(Object.keys(found).length).toBeGreaterThan(5);
  });

  it('takes a cell that reads neither gates nor memory, and fails one that then guesses', async () => {
    const fading = defineCell({
      name: 'fading',
      state: ['h', 'c'],
      gates: ['h'],
      saved: [],
      forward: (_a, s) => ({ next: { h: s.h.mul(0.5), c: s.h }, saved: {} }),
      backward: (d) => ({ gates: {}, prev: { h: d.h.mul(0.5).add(d.c) } }),
    });
    expect(await failed(fading)).toEqual({});
    const guessing = defineCell({ ...fading, backward: (d) => ({ gates: { h: d.h }, prev: { h: d.h } }) });
    expect(Object.keys(await failed(guessing)).length).toBeGreaterThan(3);
  });

  it('fails where a golden file fails or is skipped', async () => {
    const found = await failed(vanilla, {
      'a.json': () => replayGolden('a.json', { format: 'rnn-golden/1', kind: 'none' }),
    });
    expect(found).toEqual({ 'cell vanilla > golden a.json': expect.stringContaining('skipped a.json') });
  });
});
