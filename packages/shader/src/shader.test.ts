import * as cells from '@gatewise/cells';
import { type AnyCell, drawBelow } from '@gatewise/core';
import { recordProgram, stage } from '@gatewise/recurrence';
import { describe, expect, it } from 'vitest';
import { counterHash, drawLimit, language, maths, scalar, statements } from './index.js';

/** Scalar WGSL, as far as this package writes it, is JavaScript with other words; float32 is rounded at the end alone. */
function fromWgsl(text: string, ...names: string[]): Record<string, (...args: number[]) => number> {
  const js = text
    .replace(
      /fn (\w+)\(([^)]*)\) -> \w+/g,
      (_, name, list) => `function ${name}(${list.replace(/: \w+/g, '')})`,
    )
    .replace(/bitcast<f32>\((.+) << 23u\)/g, 'bits($1 << 23)')
    .replace(/bitcast<f32>\((0x\w+)u\)/g, 'bits($1)')
    .replace(/\bi32\(/g, '(')
    .replace(/\b(0x[0-9a-f]+|\d+)u\b/g, '$1');
  const prelude = `const { abs, floor } = Math;
    const select = (no, yes, when) => (when ? yes : no);
    const bits = (i) => new Float32Array(Int32Array.of(i).buffer)[0];`;
  return new Function(`${prelude}\n${js}\nreturn { ${names.join(', ')} };`)();
}

const scalars = language('wgsl', 1);

describe('maths', () => {
  const f = fromWgsl(maths(scalars), 'gw_sigmoid', 'gw_tanh', 'gw_relu', 'gw_step');
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

  it('sigmoid and tanh are right to a float32 everywhere, also the smallest', () => {
    for (const size of [1e-30, 1e-20, 1e-6, 1e-3, 0.1, 0.6249, 0.6251, 1, 3, 9, 11, 30, 80]) {
      for (const x of [size, -size]) {
        expect(Math.abs(f.gw_tanh!(x) / Math.tanh(x) - 1)).toBeLessThan(1.2e-7);
        expect(Math.abs(f.gw_sigmoid!(x) / sigmoid(x) - 1)).toBeLessThan(1.2e-7);
      }
    }
  });

  it('nothing overflows, and NaN stays NaN', () => {
    const { NaN: no, POSITIVE_INFINITY: up } = Number;
    const special = [0, 1e4, -1e4, 3e38, -3e38, up, -up, no];
    expect(special.map((x) => Math.fround(f.gw_tanh!(x)))).toEqual([0, 1, -1, 1, -1, 1, -1, no]);
    expect(special.map((x) => f.gw_sigmoid!(x))).toEqual([0.5, 1, 0, 1, 0, 1, 0, no]);
    expect([2, 0, -2, no].map((x) => f.gw_relu!(x))).toEqual([2, 0, 0, no]);
    expect([2, 1e-30, 0, -2, no].map((x) => f.gw_step!(x))).toEqual([1, 1, 0, 0, no]);
  });
});

describe('constants', () => {
  it.each([0.5, 1, -2, 0.2, 1e-20, 3e38, -0, 0.1 + 0.2, 1e-42])('%d is its float32, to the bit', (value) => {
    const c = Math.fround(value);
    const { k } = fromWgsl(`const k = () => ${scalar(scalars, c)};`, 'k');
    expect(Object.is(k!(), c)).toBe(true);
  });

  it('have the words of their language', () => {
    expect(scalar({ dialect: 'glsl' }, 0.5)).toBe('0.5');
    expect(scalar({ dialect: 'glsl' }, Math.fround(0.2))).toBe('uintBitsToFloat(0x3e4ccccdu)');
    expect(
      statements(language('glsl', 4), recordProgram(cells.vanilla as unknown as AnyCell), () => 'x'),
    ).toBeDefined();
  });
});

describe('the counter hash', () => {
  it('draws what core draws', () => {
    const text = counterHash(scalars)
      .replace(/var x = (.+) \* (.+) \+ n \+ 1u/, 'let x = Math.imul($1, $2) + n + 1')
      .replace(/x = \((.+)\) \* (0x\w+)u/g, 'x = Math.imul($1, $2)')
      .replace(/x >> /g, 'x >>> ')
      .replace(/return x \^ (.+);/, 'return (x ^ $1) >>> 0;');
    const { gw_drawn } = fromWgsl(text, 'gw_drawn');
    let taken = 0;
    for (let n = 0; n < 300; n++) {
      const [key, t, b, unit] = [n * 77777, n % 7, n % 5, n];
      const drawn = gw_drawn!(key, t, b, unit, drawLimit(0.3));
      expect(drawn).toBe(drawBelow(key, t, b, unit, 0.3));
      taken += Number(drawn);
    }
    expect(taken).toBeGreaterThan(50);
    expect([drawLimit(0.5), drawLimit(0.3)]).toEqual([2 ** 31 - 1, Math.floor(0.3 * 2 ** 32)]);
  });
});

describe('statements', () => {
  const arithmetic = {
    add: (a: number, b: number) => a + b,
    sub: (a: number, b: number) => a - b,
    mul: (a: number, b: number) => a * b,
    neg: (a: number) => -a,
    sigmoid: (a: number) => 1 / (1 + Math.exp(-a)),
    tanh: Math.tanh,
    relu: (a: number) => Math.max(a, 0),
    step: (a: number) => Number(a > 0),
  };

  it.each(Object.values(cells).map((cell) => [cell.name, cell] as const))(
    'of %s are its program',
    (_, cell) => {
      const p = recordProgram(cell as unknown as AnyCell);
      const { gates, prev, vectors } = p.backward;
      const more = p.operandBackward ? [...p.operandBackward.gates, ...p.operandBackward.prev] : [];
      const roots = [p.operand, ...p.next, ...p.save, ...gates, ...prev, ...vectors, ...more];
      // any numbers will do, a different one a leaf
      const at = (op: string, a: number) => Math.sin(op.length * 7 + op.charCodeAt(0) + a);
      const wanted = stage(p, roots).run(arithmetic, ({ op, a }) =>
        op === 'const' ? p.constants[a]! : at(op, a),
      );

      const s = statements(scalars, p, ({ op, a }) => `(${at(op, a)})`);
      const first = s.value(roots.find((r) => r >= 0)!);
      const early = s.take();
      const names = roots.map((root) => s.value(root));
      const body = `${early}\n${s.take()}`;
      expect(s.take()).toBe('');
      expect(body).toContain(`let ${first} = `);
      const assigned = [...body.matchAll(/^let (\w+)/gm)].map(([, name]) => name);
      expect(new Set(assigned).size).toBe(assigned.length);
      const { all } = fromWgsl(
        `${maths(scalars)}\nfunction all() {\n${body}\nreturn [${names.join(', ')}];\n}`,
        'all',
      );
      const got = all!() as unknown as (number | null)[];
      roots.forEach((root, k) => {
        const w = wanted(root);
        if (w === null) expect(names[k]).toBeNull();
        else expect(got[k]).toBeCloseTo(w, 6);
      });
    },
  );

  it('in GLSL, four lanes', () => {
    const p = recordProgram(cells.vanilla as unknown as AnyCell);
    const s = statements(language('glsl', 4), p, ({ op, a }) => `${op}${a}`, 'q');
    const names = [...p.next, ...p.backward.gates].map((root) => s.value(root));
    const lines = s.take().split('\n');
    expect(lines[0]).toMatch(/^vec4 q\d+ = gw_tanh\(gate0\);$/);
    expect(lines.join()).toContain('vec4(1.0)');
    expect(
      names.every((name) => name !== null && lines.some((line) => line.startsWith(`vec4 ${name} = `))),
    ).toBe(true);
  });
});
