import { random } from '@gatewise/core';
import { describe, expect, it } from 'vitest';
import { checkInitialiser, initialise, initialiserNames } from './initialisers.js';

const shape = { rows: 4, cols: 4, blocks: 3 };

describe('initialise', () => {
  it('fills with zeros and ones', () => {
    expect([...initialise('zeros', shape, random(1))]).toEqual(Array(48).fill(0));
    expect([...initialise('ones', shape, random(1))]).toEqual(Array(48).fill(1));
  });

  it('glorotUniform stays within √(6 / (rows + all columns)) and uses that range', () => {
    const limit = Math.sqrt(6 / (30 + 40 * 4));
    const values = initialise('glorotUniform', { rows: 30, cols: 40, blocks: 4 }, random(1));
    const largest = values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    expect(largest).toBeLessThanOrEqual(limit);
    expect(largest).toBeGreaterThan(0.99 * limit);
    expect(Math.abs(values.reduce((sum, v) => sum + v, 0) / values.length)).toBeLessThan(0.02 * limit);
  });

  it('uniform stays within 0.05', () => {
    const largest = initialise('uniform', shape, random(1)).reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    expect(largest).toBeLessThanOrEqual(0.05);
    expect(largest).toBeGreaterThan(0.04);
  });

  it('identity and orthogonal make one matrix a gate, side by side', () => {
    const block = (all: Float32Array, g: number) =>
      Array.from({ length: 16 }, (_, n) => all[(Math.floor(n / 4) * 3 + g) * 4 + (n % 4)]!);
    const eye = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
    const identity = initialise('identity', shape, random(1));
    const orthogonal = initialise('orthogonal', shape, random(1));
    for (const g of [0, 1, 2]) {
      expect(block(identity, g)).toEqual(eye);
      const Q = block(orthogonal, g);
      for (let a = 0; a < 4; a++) {
        for (let b = 0; b < 4; b++) {
          const dot = [0, 1, 2, 3].reduce((sum, i) => sum + Q[i * 4 + a]! * Q[i * 4 + b]!, 0);
          expect(dot).toBeCloseTo(Number(a === b), 6);
        }
      }
    }
    expect(block(orthogonal, 0)).not.toEqual(block(orthogonal, 1));
  });

  it('follows its seed', () => {
    for (const name of initialiserNames) {
      expect(initialise(name, shape, random(7))).toEqual(initialise(name, shape, random(7)));
    }
  });
});

describe('checkInitialiser', () => {
  it('refuses a name it does not know and offers the nearest', () => {
    expect(() => checkInitialiser('kernelInitializer', 'glorotUnifrom')).toThrow(
      /^GW_LAYER_INITIALISER: got kernelInitializer = glorotUnifrom.*did you mean "glorotUniform"\?/,
    );
  });
});
