import { describe, expect, it } from 'vitest';
import { bar, count, duration, figure, line } from './format.js';
import { meter } from './meter.js';

it.each([
  [0, '0.00'],
  [0.4567, '0.46'],
  [9.994, '9.99'],
  [9.996, '10.0'],
  [99.94, '99.9'],
  [99.96, '100'],
  [999.4, '999'],
  [999.6, '1.00k'],
  [61234, '61.2k'],
  [999_600, '1.00M'],
  [12_345_678, '12.3M'],
  [Number.NaN, '–'],
])('count(%s) is %s', (n, text) => {
  expect(count(n)).toBe(text);
});

it.each([
  [0, '0:00'],
  [42_400, '0:42'],
  [59_600, '1:00'],
  [3_599_600, '1:00:00'],
  [3_723_000, '1:02:03'],
  [-5, '0:00'],
  [Number.NaN, '–'],
])('duration(%s) is %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

it('shows four digits of a loss, and NaN as NaN', () => {
  expect([2.15349, 0.012345, 0, Number.NaN].map(figure)).toEqual(['2.153', '0.01235', '0.000', 'NaN']);
});

describe('bar', () => {
  it.each([
    [0, '░░░░'],
    [0.5, '██░░'],
    [0.28125, '█▏░░'],
    [1, '████'],
    [7, '████'],
  ])('of %s', (fraction, text) => {
    expect(bar(fraction, 4)).toBe(text);
  });
});

describe('line', () => {
  const pieces = [{ text: 'one' }, { text: 'two', colour: 'bold' as const }, { text: 'three' }];

  it('leaves out what does not fit, whole, and what stands behind it', () => {
    expect([15, 14, 8, 7, 3, 2].map((columns) => line(pieces, columns, false))).toEqual([
      'one  two  three',
      'one  two',
      'one  two',
      'one',
      'one',
      '',
    ]);
  });

  it('colours without counting the codes', () => {
    expect(line(pieces, 8, true)).toBe('one  \x1b[1mtwo\x1b[0m');
  });
});

describe('meter', () => {
  it('knows nothing before a step, then the rate', () => {
    const speed = meter();
    speed.resume(100);
    expect(speed.rate()).toBeNaN();
    expect(speed.stepTime()).toBeNaN();
    speed.step(50, 125);
    speed.step(50, 150);
    expect(speed.rate()).toBeCloseTo(2);
    expect(speed.stepTime()).toBeCloseTo(25);
  });

  it('forgets a slow start, and does not count a pause', () => {
    const speed = meter();
    speed.resume(0);
    speed.step(100, 5000);
    let now = 5000;
    for (let i = 0; i < 1000; i++) {
      now += 100;
      speed.step(100, now);
    }
    now += 60_000;
    speed.resume(now);
    speed.step(100, now + 100);
    expect(speed.rate()).toBeCloseTo(1, 3);
    expect(speed.stepTime()).toBeCloseTo(100, 1);
  });
});
