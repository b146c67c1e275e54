import { describe, expect, it } from 'vitest';
import { lineChart } from './chart.js';
import {
  bitsPerCharacter,
  clippedShare,
  flowCharts,
  lossChart,
  normChart,
  percent,
  smoothed,
} from './charts.js';

const record = {
  samples: [
    { step: 1, loss: 4, gradientNorm: 3, gradientNormClipped: 1 },
    { step: 2, loss: Number.NaN, gradientNorm: Number.NaN, gradientNormClipped: Number.NaN },
    { step: 3, loss: 2, gradientNorm: 0.5, gradientNormClipped: 0.5 },
    { step: 4, loss: 1, gradientNorm: 0.25, gradientNormClipped: 0.25 },
  ],
  gates: [],
  validations: [{ step: 4, loss: 1.5 }],
  flows: [0, 50].flatMap((step) =>
    ['h', 'c'].map((state) => ({ step, layer: 'lstm', state, norms: [1e-6, 1e-3, 1e-2] })),
  ),
};

describe('lineChart', () => {
  const chart = { id: 'a', title: 'A <b>', note: 'n', x: 'step', y: 'y' };

  it('says so when there is nothing to draw', () => {
    const points = [
      [1, Number.NaN],
      [2, Number.POSITIVE_INFINITY],
    ] as const;
    const { markup } = lineChart({ ...chart, series: [{ name: 's', points, tone: 'tone-a' }] });
    expect(markup).toContain('Nothing was recorded.');
    expect(markup).toContain('A &lt;b&gt;');
    expect(markup).not.toContain('class="chart"');
  });

  it('draws one point as a dot, several as a line, and never a NaN', () => {
    const draw = (points: readonly (readonly [number, number])[]) =>
      lineChart({ ...chart, series: [{ name: 's', points, tone: 'tone-a' }] }).markup;
    expect(draw([[1, 2]])).toContain('<circle class="dots tone-a"');
    const line = draw([
      [1, 2],
      [2, Number.NaN],
      [3, 4],
    ]);
    expect(line).toMatch(/<path class="line tone-a" d="M64 284L546 34"\/>/);
    expect(line).not.toContain('NaN');
  });

  it('leaves zeros out of a logarithmic chart', () => {
    const points = [
      [1, 0],
      [2, 1],
      [3, 10],
    ] as const;
    const { markup } = lineChart({ ...chart, log: true, series: [{ name: 's', points, tone: 'tone-a' }] });
    // x still begins at 1: half of the width lies before 2
    expect(markup).toMatch(/d="M305 [\d.]+L546 [\d.]+"/);
    expect(markup).not.toMatch(/NaN|Infinity/);
  });

  it('describes itself to those who cannot see it', () => {
    const points = [
      [1, 5],
      [2, 3],
    ] as const;
    const { markup } = lineChart({ ...chart, series: [{ name: 'loss', points, tone: 'tone-a' }] });
    expect(markup).toContain('role="img" aria-labelledby="a-t a-d"');
    expect(markup).toContain('<desc id="a-d">y over step. loss: 5 at step 1, 3 at 2.</desc>');
  });
});

describe('the charts of a run', () => {
  it('shows the loss in its unit, held-out points and references', () => {
    const { markup } = lossChart(record, bitsPerCharacter, [{ label: 'bigram 3.4', value: 3.4 }]);
    expect(markup).toContain('bits per character');
    expect(markup).toContain('held out: 2.164 at step 4');
    expect(markup).toContain('bigram 3.4</text>');
    expect(markup).toContain('training: 5.771 at step 1');
  });

  it('shows the gradient norm and how often it was clipped', () => {
    const { markup } = normChart(record);
    expect(markup).toContain('Clipped on 25 % of the recorded steps.');
    expect(markup).toContain('before clipping: 3 at step 1');
    expect(clippedShare(record.samples)).toBe(0.25);
    expect(clippedShare([{ step: 1, loss: 1 }])).toBeUndefined();
    expect(percent(1 / 3)).toBe('33 %');
  });

  it('shows the gradient flow of every state at several moments', () => {
    const charts = flowCharts(record).map(({ markup }) => markup);
    expect(charts).toHaveLength(2);
    expect(charts[0]).toContain('Gradient flow ‖δhₜ‖</h3>');
    expect(charts[1]).toContain('Gradient flow ‖δcₜ‖</h3>');
    expect(charts[0]).toContain('step 0');
    expect(charts[0]).toContain('step 50: 10⁻⁶ at time step t 1, 0.01 at 3.');
  });

  it('names the layers where there are several', () => {
    const flows = ['a', 'b'].map((layer) => ({ step: 0, layer, state: 'h', norms: [1, 2] }));
    const titles = flowCharts({ ...record, flows }).map(({ markup }) => markup.match(/<h3>(.*?)<\/h3>/)?.[1]);
    expect(titles).toEqual(['Gradient flow ‖δhₜ‖, a', 'Gradient flow ‖δhₜ‖, b']);
  });

  it('draws a long run as means, to its very end', () => {
    const samples = Array.from({ length: 1000 }, (_, i) => ({ step: i + 1, loss: i < 999 ? 2 : 5 }));
    const { markup } = lossChart({ samples, validations: [], flows: [], gates: [] }, bitsPerCharacter, []);
    const [, raw = ''] = markup.match(/<path class="faint tone-a" d="M([^"]*L[^"]*)"/) ?? [];
    expect(raw.split('L')).toHaveLength(334);
    expect(raw).toMatch(/L546 [\d.]+$/);
  });

  it('smooths without leaning to one side', () => {
    const points = Array.from({ length: 200 }, (_, i) => [i, 3 * i] as const);
    const line = smoothed(points);
    expect(line).toHaveLength(200);
    for (const [x, y] of line) expect(y).toBeCloseTo(3 * x, 8);
  });
});
