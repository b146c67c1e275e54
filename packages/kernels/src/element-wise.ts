import { filled, floats, type OwnKernel, sameShape, sizeOf } from './call.js';
import type { Combination, FunctionName, Spread } from './dense.js';

/** a ∘ b for equal shapes, and for a row, a column or a number spread over the other. */
function elementWise(name: string, by: Combination['by']): OwnKernel {
  return {
    name,
    run(call) {
      const [a, b] = [call.inputs.a!, call.inputs.b!];
      const [A, B] = [floats(call, a), floats(call, b)];
      if (!A || !B || Math.max(A.length, B.length) < SMALL) return null;
      const layout = layoutOf(a.shape, b.shape);
      if (!layout) return null;
      const { shape, ...rest } = layout;
      return filled(call, shape, (out) => call.arithmetic.combine({ by, a: A, b: B, ...rest, out }));
    },
  };
}

/** f(x) */
function applied(name: string, which: FunctionName): OwnKernel {
  return {
    name,
    run(call) {
      const x = call.inputs.x!;
      const X = floats(call, x);
      if (!X || X.length < SMALL) return null;
      return filled(call, [...x.shape], (out) => call.arithmetic.apply(which, X, out));
    },
  };
}

export const elementWiseKernels = [
  applied('Relu', 'relu'),
  applied('Sigmoid', 'sigmoid'),
  applied('Tanh', 'tanh'),
  applied('Elu', 'elu'),
  applied('Exp', 'exp'),
  elementWise('Add', 'add'),
  elementWise('Sub', 'sub'),
  elementWise('Multiply', 'mul'),
  elementWise('RealDiv', 'div'),
];

/** Below this a call costs more than it saves. */
const SMALL = 512;

type Layout = Pick<Combination, 'rows' | 'width' | 'spreadA' | 'spreadB'> & { readonly shape: number[] };

/** The larger operand as [rows, width], so that the other is a row, a column or a number; null where none fits. */
function layoutOf(a: readonly number[], b: readonly number[]): Layout | null {
  if (sameShape(a, b)) return { shape: [...a], rows: 1, width: sizeOf(a), spreadA: 'full', spreadB: 'full' };
  const turned = sizeOf(a) < sizeOf(b) || a.length < b.length;
  const [big, small] = turned ? [b, a] : [a, b];
  if (small.length > big.length) return null;
  const spread = spreadOver(big, small);
  if (!spread) return null;
  const { how, rows, width } = spread;
  return {
    ...{ shape: [...big], rows, width },
    ...(turned ? { spreadA: how, spreadB: 'full' } : { spreadA: 'full', spreadB: how }),
  };
}

function spreadOver(
  big: readonly number[],
  short: readonly number[],
): { how: Spread; rows: number; width: number } | null {
  const all = sizeOf(big);
  const small = [...big.slice(short.length).map(() => 1), ...short];
  if (sizeOf(small) === 1) return { how: 'one', rows: 1, width: all };
  // a row: ones, then the same; a column: the same, then ones
  for (let i = 1; i < big.length; i++) {
    const [head, tail] = [small.slice(0, i), small.slice(i)];
    const width = sizeOf(big.slice(i));
    if (sizeOf(head) === 1 && sameShape(tail, big.slice(i))) return { how: 'row', rows: all / width, width };
    if (sizeOf(tail) === 1 && sameShape(head, big.slice(0, i)))
      return { how: 'column', rows: all / width, width };
  }
  return null;
}
