import { random } from '@gatewise/core';
import { describe, expect, it } from 'vitest';
import { checkInitialiser, chrono, chronoGates, initialise, initialiserNames } from './initialisers.js';

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

describe('chrono', () => {
  const [H, T] = [500, 100];
  it('b_f = ln u = −b_i for u from 1 to T − 1, the others 0', () => {
    const b = chrono(['i', 'f', 'g', 'o'], H, T, random(1));
    const gate = (g: number) => [...b.slice(g * H, (g + 1) * H)];
    const u = gate(1).map(Math.exp);
    expect(Math.min(...u)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...u)).toBeLessThanOrEqual(T - 1 + 1e-3);
    expect(u.reduce((s, v) => s + v, 0) / H).toBeCloseTo(T / 2, -1);
    expect(gate(0)).toEqual(gate(1).map((v) => -v));
    expect([...gate(2), ...gate(3)].every((v) => v === 0)).toBe(true);
  });

  it('b_z = −ln u, where 1 − z keeps the memory', () => {
    const b = chrono(['z', 'r', 'n'], H, T, random(1));
    expect([...b.slice(0, H)].every((v) => v <= 0)).toBe(true);
    expect([...b.slice(H)].every((v) => v === 0)).toBe(true);
    expect(chronoGates(['h'])).toBeNull();
  });
});
