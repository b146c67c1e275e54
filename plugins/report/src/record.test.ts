import { describe, expect, it } from 'vitest';
import { recorder, spread } from './record.js';

describe('recorder', () => {
  it('keeps to its limit by keeping every other sample, then every other step', () => {
    const kept = recorder(1, 8);
    for (let step = 1; step <= 40; step++) {
      if (kept.wants(step)) kept.addSample({ step, loss: step });
    }
    const { samples } = kept.record();
    expect(samples.length).toBeLessThanOrEqual(8);
    expect(samples[0]?.step).toBe(1);
    expect(samples.at(-1)?.step).toBeGreaterThan(32);
  });

  it('thins moments of gradient flow, all layers and states of one together', () => {
    const kept = recorder(1, 8, 4);
    for (let step = 0; step < 5; step++) {
      kept.addFlows(['h', 'c'].map((state) => ({ step, layer: 'a', state, norms: [1] })));
    }
    expect(kept.record().flows.map(({ step, state }) => `${step}${state}`)).toEqual([
      '0h',
      '0c',
      '2h',
      '2c',
      '4h',
      '4c',
    ]);
  });

  it('goes on from a record', () => {
    const first = recorder(2);
    first.addSample({ step: 2, loss: 1 });
    first.addValidation({ step: 2, loss: 1.5 });
    const second = recorder(2);
    second.restore(JSON.parse(JSON.stringify(first.record())));
    second.addSample({ step: 4, loss: 0.5 });
    expect(second.record().samples.map(({ step }) => step)).toEqual([2, 4]);
    expect(second.record().validations).toEqual([{ step: 2, loss: 1.5 }]);
  });
});

describe('spread', () => {
  it('keeps the first and the last', () => {
    expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8], 3)).toEqual([0, 4, 8]);
    expect(spread([0, 1], 3)).toEqual([0, 1]);
  });
});
