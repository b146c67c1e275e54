import type { BatchContext } from '@gatewise/plugin';
import { describe, expect, it } from 'vitest';
import { type DropoutOptions, dropoutHooks } from './dropout.js';
import { dropout } from './index.js';

const told = (options: DropoutOptions, name = 'lstm') =>
  dropoutHooks(options).provideRegularisers({ name, units: 8 }, {} as BatchContext);

describe('dropout', () => {
  it('tells a layer the rates that were given, and no others', () => {
    expect(told({ input: 0.2 })).toEqual({ inputDropout: 0.2 });
    expect(told({ recurrent: 0.1, output: 0 })).toEqual({ recurrentDropout: 0.1, outputDropout: 0 });
    expect(told({ input: 0.2, recurrent: undefined })).toEqual({ inputDropout: 0.2 });
  });

  it('works on the layers named, or on those a function picks', () => {
    expect(told({ input: 0.2, layers: ['lstm'] })).toEqual({ inputDropout: 0.2 });
    expect(told({ input: 0.2, layers: ['gru'] })).toBeUndefined();
    const upper = { input: 0.2, layers: (name: string) => name.startsWith('upper') };
    expect(told(upper, 'upper_1')).toEqual({ inputDropout: 0.2 });
    expect(told(upper, 'lower')).toBeUndefined();
  });

  it.each([1, -0.1, Number.NaN, 1.5, Number.POSITIVE_INFINITY])('refuses a rate of %s', (rate) => {
    expect(() => dropout({ input: rate })).toThrow(
      `GW_DROPOUT_RATE: got input ${rate}, wanted a number in [0, 1)`,
    );
    expect(() => dropout({ recurrent: rate })).toThrow('GW_DROPOUT_RATE: got recurrent');
    expect(() => dropout({ output: rate })).toThrow('GW_DROPOUT_RATE: got output');
  });

  it('names the likely fix of a percentage, and wants at least one rate', () => {
    expect(() => dropout({ input: 20 })).toThrow('did you mean 0.2?');
    expect(() => dropout({ layers: ['lstm'] })).toThrow('GW_DROPOUT_RATE: got no rate');
  });
});
