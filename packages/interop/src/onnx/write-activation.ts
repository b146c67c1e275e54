import { refuseLayer } from '../errors.js';
import type { Activation, CellActivation } from '../model.js';
import type { Attributes, Net } from './net.js';

/** Nodes of ONNX by our names of activations. */
const nodes: Readonly<
  Record<Exclude<Activation, 'linear' | 'swish' | 'gelu'>, readonly [op: string, attributes?: Attributes]>
> = {
  tanh: ['Tanh'],
  sigmoid: ['Sigmoid'],
  relu: ['Relu'],
  'hard-sigmoid': ['HardSigmoid', { alpha: { float: 0.2 }, beta: { float: 0.5 } }],
  'hard-sigmoid-6': ['HardSigmoid', { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }],
  softmax: ['Softmax', { axis: -1 }],
  elu: ['Elu'],
  selu: ['Selu'],
  softplus: ['Softplus'],
  softsign: ['Softsign'],
};

/** φ(x); gives the name of its value. */
export function activate(net: Net, layer: string, activation: Activation, x: string): string {
  if (activation === 'linear') return x;
  if (activation === 'swish') return net.node('Mul', [x, net.node('Sigmoid', [x])]);
  if (activation === 'gelu') {
    return refuseLayer(
      'GW_EXPORT_UNSUPPORTED',
      layer,
      'got the activation gelu, which comes in two forms that the description does not tell apart',
      'use swish, relu or tanh',
    );
  }
  return net.node(...([nodes[activation][0], [x], nodes[activation][1] ?? {}] as const));
}

/** What a recurrent node takes: the name, and α and β of those that have them. */
export const inCell: Readonly<
  Record<CellActivation, { readonly name: string; readonly alpha?: number; readonly beta?: number }>
> = {
  tanh: { name: 'Tanh' },
  sigmoid: { name: 'Sigmoid' },
  relu: { name: 'Relu' },
  linear: { name: 'Affine', alpha: 1, beta: 0 },
  'hard-sigmoid': { name: 'HardSigmoid', alpha: 0.2, beta: 0.5 },
  'hard-sigmoid-6': { name: 'HardSigmoid', alpha: 1 / 6, beta: 0.5 },
};
