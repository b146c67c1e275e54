import type { Graph } from './diagram.js';

const gate = (name: string) => `a_${name}`;
const edge = (from: string, to: string, label?: string) => ({ from, to, label });

/** The LSTM with layer normalisation: not pointwise, so nothing records it. All 4H columns are normalised at once. */
export const normalised: Graph = {
  nodes: [
    { id: 'x', label: 'x_t', kind: 'input' },
    { id: 'h', label: 'h_t−1', kind: 'state' },
    { id: 'lx', label: 'LN', kind: 'function' },
    { id: 'lh', label: 'LN', kind: 'function' },
    ...['i', 'f', 'g', 'o'].map((name) => ({ id: `a${name}`, label: gate(name), kind: 'gate' as const })),
    ...['i', 'f', 'o'].map((name) => ({ id: name, label: `σ ${name}`, kind: 'function' as const })),
    { id: 'g', label: 'tanh g', kind: 'function' },
    { id: 'c', label: 'c_t−1', kind: 'state' },
    { id: 'fc', label: '⊗', kind: 'op' },
    { id: 'ig', label: '⊗', kind: 'op' },
    { id: 'sum', label: '+', kind: 'op' },
    { id: 'lc', label: 'LN', kind: 'function' },
    { id: 'k', label: 'tanh', kind: 'function' },
    { id: 'ok', label: '⊗', kind: 'op' },
    { id: 'ct', label: 'c_t', kind: 'result' },
    { id: 'ht', label: 'h_t', kind: 'result' },
  ],
  edges: [
    edge('x', 'lx', 'W'),
    edge('h', 'lh', 'R'),
    ...['i', 'f', 'g', 'o'].flatMap((name) => [
      edge('lx', `a${name}`),
      edge('lh', `a${name}`),
      edge(`a${name}`, name),
    ]),
    ...[
      edge('f', 'fc'),
      edge('c', 'fc'),
      edge('i', 'ig'),
      edge('g', 'ig'),
      edge('fc', 'sum'),
      edge('ig', 'sum'),
    ],
    ...[
      edge('sum', 'ct'),
      edge('sum', 'lc'),
      edge('lc', 'k'),
      edge('k', 'ok'),
      edge('o', 'ok'),
      edge('ok', 'ht'),
    ],
  ],
};
