import { lstm as lstmCell } from '@gatewise/cells';
import { defineCell } from '@gatewise/core';
import { describe, expect, it } from 'vitest';
import { findCell, findSavedCell, registerCell, registeredCells } from './cell-registry.js';
import { type RecurrentConfig, settingsOf } from './config.js';
import { loadSettings, saveSettings } from './saved-config.js';

const base: RecurrentConfig = { cell: 'lstm', units: 4 };
/** A config that TypeScript would refuse. */
const wrong = (config: object) => () => settingsOf({ ...base, ...config } as RecurrentConfig);

const twin = (name: string, scale: number) =>
  defineCell({
    name,
    state: ['h'],
    gates: ['h'],
    saved: ['h'],
    forward(a) {
      const h = a.h.tanh().mul(scale);
      return { next: { h }, saved: { h } };
    },
    backward(d, { h }) {
      return {
        gates: {
          h: d.h
            .mul(
              h
                .mul(h)
                .neg()
                .add(scale * scale),
            )
            .mul(1 / scale),
        },
        prev: {},
      };
    },
  });

describe('settingsOf', () => {
  it('fills in the defaults', () => {
    expect(settingsOf(base)).toEqual({
      cell: lstmCell,
      units: 4,
      returnSequences: false,
      returnState: false,
      reverse: false,
      padding: 'zeros',
      inputDim: undefined,
      useBias: true,
      kernelInitializer: 'glorotUniform',
      recurrentInitializer: 'orthogonal',
      biasInitializer: 'zeros',
      vectorInitializer: 'uniform',
      forgetBias: 1,
      dropout: 0,
      recurrentDropout: 0,
      recurrentDropoutPer: 'sequence',
      dropConnect: 0,
      outputDropout: 0,
      zoneout: {},
      learnedState: false,
      memory: 'all',
      memoryLength: undefined,
      returnStateSequences: false,
      seed: undefined,
    });
    expect(settingsOf({ cell: 'gru', units: 4 }).forgetBias).toBeUndefined();
  });

  it('takes a cell itself, and one zoneout rate for all states', () => {
    expect(settingsOf({ cell: lstmCell, units: 4, zoneout: 0.1 }).zoneout).toEqual({
      h: 0.1,
      c: 0.1,
    });
  });

  it.each([
    [
      { retrunSequences: true },
      /GW_LAYER_OPTION: got the unknown option "retrunSequences"; did you mean "returnSequences"/,
    ],
    [{ goBackwards: true }, /GW_LAYER_OPTION: .*use reverse: true/],
    [{ inputDropout: 0.1 }, /GW_LAYER_OPTION: .*use dropout/],
    [{ zzzzzzzzzzzzzz: 1 }, /GW_LAYER_OPTION: .*wanted one of cell, units/],
    [{ units: 0 }, /GW_LAYER_UNITS: got units = 0/],
    [{ units: 2.5 }, /GW_LAYER_UNITS/],
    [{ units: undefined }, /GW_LAYER_UNITS/],
    [{ inputDim: -1 }, /GW_LAYER_OPTION: got inputDim = -1/],
    [{ cell: 'lsmt' }, /GW_LAYER_CELL_UNKNOWN: got cell "lsmt".*vanilla, additive.*did you mean "lstm"/],
    [{ cell: undefined }, /GW_LAYER_CELL_UNKNOWN: got cell = undefined/],
    [{ padding: 'same' }, /GW_LAYER_OPTION: got padding = same/],
    [{ biasInitializer: 'chrono' }, /GW_LAYER_OPTION: got biasInitializer 'chrono' without memoryLength/],
    [{ memoryLength: 50 }, /GW_LAYER_OPTION: got memoryLength without/],
    [{ memoryLength: 1, biasInitializer: 'chrono' }, /GW_LAYER_OPTION: got memoryLength = 1/],
    [{ recurrentDropoutPer: 'day' }, /GW_LAYER_OPTION: got recurrentDropoutPer = day/],
    [{ dropConnect: 1 }, /GW_LAYER_RATE: got dropConnect = 1/],
    [{ returnState: 'yes' }, /GW_LAYER_OPTION: got returnState = yes/],
    [{ kernelInitializer: 'he' }, /GW_LAYER_INITIALISER/],
    [{ dropout: 1 }, /GW_LAYER_RATE: got dropout = 1/],
    [{ recurrentDropout: -0.1 }, /GW_LAYER_RATE/],
    [{ outputDropout: Number.NaN }, /GW_LAYER_RATE/],
    [{ zoneout: { h: 2 } }, /GW_LAYER_RATE: got zoneout.h = 2/],
    [{ zoneout: { x: 0.1 } }, /GW_LAYER_RATE: got zoneout for "x", wanted states of "lstm": h c/],
    [{ seed: Number.NaN }, /GW_LAYER_OPTION: got seed = NaN/],
    [{ cell: 'gru', forgetBias: 1 }, /GW_LAYER_OPTION: got forgetBias, but cell "gru" has no gate f/],
  ])('refuses %j', (config, error) => {
    expect(wrong(config)).toThrow(error);
  });
});

describe('registerCell', () => {
  it('makes a cell known by its name', () => {
    expect(() => findCell('twin')).toThrow(/GW_LAYER_CELL_UNKNOWN/);
    const cell = twin('twin', 1);
    registerCell(cell);
    registerCell(cell);
    expect(findCell('twin')).toBe(cell);
    expect(registeredCells()).toContain('twin');
    expect(() => registerCell(twin('twin', 2))).toThrow(/GW_LAYER_CELL_DUPLICATE: .*"twin"/);
  });

  it('tells a changed cell from the saved one', () => {
    expect(() => findSavedCell('lstm', '0123456789abcdef')).toThrow(
      /GW_LAYER_CELL_CHANGED: got a model saved with program 0123456789abcdef of cell "lstm"/,
    );
  });
});

describe('saveSettings', () => {
  it('comes back as it was', () => {
    const config: RecurrentConfig = {
      ...base,
      returnSequences: true,
      reverse: true,
      padding: 'hold',
      useBias: false,
      recurrentInitializer: 'identity',
      forgetBias: 2,
      dropout: 0.1,
      zoneout: { c: 0.2 },
      seed: 5,
    };
    const saved = JSON.parse(JSON.stringify(saveSettings(settingsOf(config))));
    expect(settingsOf(loadSettings({ ...saved, customObjects: {}, inputDim: null }))).toEqual({
      ...settingsOf(config),
      zoneout: { h: 0, c: 0.2 },
    });
  });

  it('refuses a saved layer without a cell', () => {
    expect(() => loadSettings({ units: 3 })).toThrow(/GW_LAYER_CONFIG: got cell = undefined/);
  });
});
