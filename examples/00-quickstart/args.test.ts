import { describe, expect, it } from 'vitest';
import { defaultSteps, helpText, readOptions } from './args.js';

const read = (line: string) => readOptions(line.split(' ').filter((word) => word !== ''));

describe('readOptions', () => {
  it('has a default for everything', () => {
    expect(read('')).toMatchObject({ cell: 'lstm', seed: 1, json: false, help: false });
    expect(read('')).not.toHaveProperty('steps');
    expect(defaultSteps('native (avx2, 2 threads)')).toBeGreaterThan(defaultSteps('ops'));
    expect(read('')).not.toHaveProperty('minutes');
  });

  it('takes every option in both ways of writing it', () => {
    expect(read('--cell gru --backend=cpu --seed 0 --steps=7 --minutes 0.5 --name a.b-1 --json')).toEqual({
      cell: 'gru',
      backend: 'cpu',
      seed: 0,
      steps: 7,
      minutes: 0.5,
      name: 'a.b-1',
      json: true,
      help: false,
    });
  });

  it('names the option that was meant', () => {
    expect(() => read('--step 5')).toThrow(
      /GW_QUICKSTART_OPTION: got the unknown option --step; did you mean "--steps"\?/,
    );
    expect(() => read('--epochs 5')).toThrow(/GW_QUICKSTART_OPTION: got the unknown option --epochs/);
    expect(() => read('lstm')).toThrow(/GW_QUICKSTART_OPTION: got "lstm"/);
    expect(() => read('-c gru')).toThrow(/GW_QUICKSTART_OPTION: got the unknown option -c/);
  });

  it('names the value that was meant', () => {
    expect(() => read('--cell lstn')).toThrow(
      /GW_QUICKSTART_VALUE: got --cell lstn.*; did you mean "lstm"\?/,
    );
    expect(() => read('--cell transformer')).toThrow(
      /wanted one of vanilla, additive, lstm-original, lstm, gru, gru-reset-after$/,
    );
    expect(() => read('--backend wsam')).toThrow(
      /GW_QUICKSTART_VALUE: got --backend wsam.*did you mean "wasm"/,
    );
  });

  it.each([
    '--seed -1',
    '--seed=1.5',
    '--steps 0',
    '--steps many',
    '--steps=',
    '--steps',
    '--minutes 0',
    '--minutes=-1',
    '--minutes soon',
    '--name ../there',
    '--name=',
    '--name .hidden',
    '--json=yes',
  ])('refuses %s', (line) => {
    expect(() => read(line)).toThrow(/GW_QUICKSTART_VALUE: got --/);
  });

  it('explains every option', () => {
    for (const name of ['cell', 'backend', 'seed', 'steps', 'minutes', 'name', 'json', 'help']) {
      expect(helpText).toContain(`--${name} `);
    }
  });
});
