import type { Values } from '../model.js';
import type { OnnxNode } from './graph.js';
import type { OnnxTensor } from './tensor.js';

/** What a value of a net is to a chain of layers. */
export type Meaning =
  | { readonly kind: 'constant'; readonly values: OnnxTensor }
  /**
   * What goes from layer to layer: B rows, T steps, D directions, F features; `layers` came before it. p and q are the first
   * two axes of the net's input, until a recurrent node tells which is which.
   */
  | { readonly kind: 'flow'; readonly axes: string; readonly layers: number; readonly last?: boolean }
  /** Final states of layers, [D,B,F] each, one after the other. */
  | { readonly kind: 'state'; readonly state: string; readonly layers: readonly number[] }
  /** Initial states: zeros, an input of the net, or rows that are the same for every sequence. */
  | { readonly kind: 'start'; readonly from: 'zeros' | 'input' | Values }
  /** Sizes that the net reads of its own values. */
  | { readonly kind: 'size' };

type Flow = Meaning & { kind: 'flow' };

/** A flow after a node that only moves it about; undefined where the node does more. */
export function moved(
  node: OnnxNode,
  flow: Flow,
  others: readonly (Meaning | undefined)[],
): Flow | undefined {
  const { axes } = flow;
  const numbers = (name: string, k: number): readonly number[] | undefined => {
    const input = others[k];
    if (input?.kind === 'constant') return Array.from(input.values.data);
    return node.attributes.get(name) as readonly number[] | undefined;
  };
  switch (node.op) {
    case 'Identity':
    case 'Dropout':
    case 'Cast':
      return flow;
    case 'Transpose': {
      const perm = (node.attributes.get('perm') as readonly number[] | undefined) ?? [];
      return perm.length === axes.length ? { ...flow, axes: perm.map((k) => axes[k]).join('') } : undefined;
    }
    case 'Squeeze': {
      const [axis, ...more] = numbers('axes', 0) ?? [axes.indexOf('D')];
      const at = (axis ?? 0) < 0 ? (axis ?? 0) + axes.length : axis;
      return more.length === 0 && at !== undefined && axes[at] === 'D' ? without(flow, 'D') : undefined;
    }
    case 'Reshape':
      // [.., D, F] as one axis, whatever says the size
      return axes.endsWith('DF') && (numbers('shape', 0)?.length ?? axes.length - 1) === axes.length - 1
        ? without(flow, 'D')
        : undefined;
    case 'Gather':
      return lastStep(node, flow, others[0]);
    default:
      return undefined;
  }
}

const without = (flow: Flow, axis: string): Flow => ({ ...flow, axes: flow.axes.replace(axis, '') });

/** y[:, −1] */
function lastStep(node: OnnxNode, flow: Flow, index: Meaning | undefined): Flow | undefined {
  const axis = (node.attributes.get('axis') as number | undefined) ?? 0;
  const at = index?.kind === 'constant' && index.values.data.length === 1 ? index.values.data[0] : undefined;
  const scalar = index?.kind === 'constant' && index.values.shape.length === 0;
  return at === -1 && scalar && flow.axes[axis] === 'T' ? { ...without(flow, 'T'), last: true } : undefined;
}

/** What a node makes of sizes, constants and initial states alone: a size, zeros to start from, or rows for every sequence. */
export function made(node: OnnxNode, inputs: readonly (Meaning | undefined)[]): Meaning | undefined {
  if (node.op === 'Shape') return { kind: 'size' };
  const start = inputs.find((m) => m?.kind === 'start');
  if (start) return start;
  if (inputs.some((m) => m?.kind === 'flow' || m?.kind === 'state')) return undefined;
  if (node.op === 'ConstantOfShape') {
    const value = node.attributes.get('value') as OnnxTensor | undefined;
    if (!value || (!value.whole && value.data.every((v) => v === 0))) return { kind: 'start', from: 'zeros' };
  }
  const [first] = inputs;
  if (node.op === 'Expand' && first?.kind === 'constant' && !first.values.whole) {
    const { shape, data } = first.values;
    const zeros = data.every((v) => v === 0);
    return { kind: 'start', from: zeros ? 'zeros' : { shape, data: Float32Array.from(data) } };
  }
  return { kind: 'size' };
}
