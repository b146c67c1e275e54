import { describe, expect, it } from 'vitest';
import { constant, cosine, oneCycle, type Rule, step, warmUp } from './index.js';

const rates = (rule: Rule, at: readonly number[], steps?: number) =>
  at.map((t) => rule(steps === undefined ? { step: t } : { step: t, steps }));
const close = (got: readonly number[], want: readonly number[]) => {
  expect(got).toHaveLength(want.length);
  for (const [i, w] of want.entries()) expect(got[i]).toBeCloseTo(w, 12);
};

describe('rules', () => {
  it('constant', () => close(rates(constant({ rate: 0.3 }), [0, 7]), [0.3, 0.3]));

  it('step: times the factor every n steps', () => {
    close(rates(step({ rate: 1, every: 3, factor: 0.5 }), [0, 2, 3, 5, 6]), [1, 1, 0.5, 0.5, 0.25]);
    close(rates(step({ rate: 1, every: 2 }), [2]), [0.1]);
  });

  it('cosine: from one rate to the other, and stays there', () => {
    // torch.optim.lr_scheduler.CosineAnnealingLR(T_max=4, eta_min=0.2) of 1.0
    const wanted = [1, 0.8828427124746191, 0.6, 0.317157287525381, 0.2, 0.2];
    close(rates(cosine({ rate: 1, end: 0.2, steps: 4 }), [0, 1, 2, 3, 4, 9]), wanted);
    close(rates(cosine({ rate: 1, end: 0.2 }), [2], 4), [0.6]);
  });

  it('warm-up: rises to where the next rule begins, which then has the steps that are left', () => {
    const rule = warmUp({ steps: 3, after: cosine({ rate: 1 }) });
    close(rates(rule, [0, 1, 2, 3, 5, 7], 7), [0.25, 0.5, 0.75, 1, 0.5, 0]);
  });

  it('one-cycle: up, down and far down, ending with the last step', () => {
    const rule = oneCycle({ rate: 1, startFactor: 10, endFactor: 100, rise: 0.5, steps: 9 });
    close(rates(rule, [0, 2, 4, 6, 8, 20]), [0.1, 0.55, 1, 0.5005, 0.001, 0.001]);
    expect(rates(oneCycle({ rate: 1, steps: 1 }), [0])[0]).toBeGreaterThan(0);
  });

  it('say that they need the number of steps', () => {
    for (const rule of [
      cosine({ rate: 1 }),
      oneCycle({ rate: 1 }),
      warmUp({ steps: 2, after: cosine({ rate: 1 }) }),
    ])
      expect(() => rule({ step: 0 })).toThrow(/GW_LR_STEPS.*as steps/);
  });
});

it.each([
  [() => constant({ rate: -1 }), 'got rate -1, wanted a finite number of at least 0'],
  [() => constant({ rate: Number.NaN }), 'got rate NaN'],
  [() => step({ rate: 1, every: 0 }), 'got every 0, wanted a whole number of steps'],
  [() => step({ rate: 1, every: 1, factor: 0 }), 'got factor 0, wanted a finite number above 0'],
  [() => cosine({ rate: 1, steps: 1.5 }), 'got steps 1.5'],
  [() => cosine({ rate: 1, end: -1 }), 'got end -1'],
  [() => warmUp({ steps: 0, after: constant({ rate: 1 }) }), 'got steps 0'],
  [() => warmUp({ steps: 1, after: 3 as never }), 'got after of type number, wanted a rule'],
  [() => oneCycle({ rate: 1, rise: 1 }), 'got rise 1, wanted a share between 0 and 1'],
])('refuses bad options %#', (make, message) => {
  expect(make).toThrow(`GW_LR_OPTIONS: ${message}`);
});
