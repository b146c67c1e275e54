import { assign, below, choose, constant, definition, type Language } from './language.js';

/** Functions for the statements of a program: `gw_sigmoid`, `gw_tanh`, `gw_relu`, `gw_step`. */
export function maths(l: Language): string {
  return [exp(l), sigmoid(l), tanh(l), relu(l), step(l)].join('\n');
}

const c = constant;

/** p ← (…(k₀ z + k₁) z + …) */
const polynomial = (l: Language, z: string, coefficients: readonly number[]): string =>
  coefficients.map((k) => c(l, k)).reduce((p, k) => `(${p} * ${z} + ${k})`);

/** e^x on [−87, 20], 0 below: x = n ln 2 + r (Cody and Waite, 1980), e^r (Moshier, Cephes expf), n into the exponent. */
function exp(l: Language): string {
  const coefficients = [
    1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
  ];
  const bits = l.dialect === 'wgsl' ? `bitcast<${l.float}>` : 'intBitsToFloat';
  const shift =
    l.dialect === 'wgsl' && l.lanes === 4 ? 'vec4<u32>(23u)' : l.dialect === 'wgsl' ? '23u' : '23';
  return definition(l, 'gw_exp', [
    assign(l, 'k', `floor(x * ${c(l, Math.LOG2E)} + ${c(l, 0.5)})`),
    assign(l, 'r', `(x - k * ${c(l, 0.693359375)}) + k * ${c(l, 2.1219444e-4)}`),
    assign(l, 'p', `${polynomial(l, 'r', coefficients)} * (r * r) + r + ${c(l, 1)}`),
    assign(l, 'e', `p * ${bits}((${l.int}(k) + 127) << ${shift})`),
    `return ${choose(l, below(l, 'x', c(l, -87)), c(l, 0), 'e')};`,
  ]);
}

/** σ(x) from e = e^−|x|: 1/(1 + e), or e/(1 + e) below zero, which keeps small results exact. */
const sigmoid = (l: Language): string =>
  definition(l, 'gw_sigmoid', [
    assign(l, 'e', 'gw_exp(-abs(x))'),
    `return ${choose(l, below(l, 'x', c(l, 0)), 'e', c(l, 1))} / (${c(l, 1)} + e);`,
  ]);

/** tanh x: odd polynomial below 0.625 (Moshier, Cephes tanhf), else 1 − 2/(e^2|x| + 1); 1 from 10 on. */
function tanh(l: Language): string {
  const coefficients = [
    -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1,
  ];
  return definition(l, 'gw_tanh', [
    assign(l, 'a', 'abs(x)'),
    assign(l, 'z', 'x * x'),
    assign(l, 'near', `${polynomial(l, 'z', coefficients)} * z * x + x`),
    assign(l, 'm', choose(l, below(l, c(l, 10), 'a'), c(l, 10), 'a')),
    assign(l, 'far', `${c(l, 1)} - ${c(l, 2)} / (gw_exp(m + m) + ${c(l, 1)})`),
    assign(l, 'signed', choose(l, below(l, 'x', c(l, 0)), '-far', 'far')),
    `return ${choose(l, below(l, 'a', c(l, 0.625)), 'near', 'signed')};`,
  ]);
}

/** max(x, 0); NaN stays. */
const relu = (l: Language): string =>
  definition(l, 'gw_relu', [`return ${choose(l, below(l, 'x', c(l, 0)), c(l, 0), 'x')};`]);

/** 1 where x > 0, 0 where x ≤ 0; NaN stays. */
const step = (l: Language): string =>
  definition(l, 'gw_step', [
    assign(l, 'up', choose(l, below(l, c(l, 0), 'x'), c(l, 1), 'x')),
    `return ${choose(l, below(l, 'x', c(l, 0)), c(l, 0), 'up')};`,
  ]);
