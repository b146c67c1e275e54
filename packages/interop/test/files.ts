import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { random } from '@gatewise/core';
import type { CellSpec, Direction, LayerSpec, ModelSpec, RecurrentSpec, Values } from '../src/model.js';

const folder = join(import.meta.dirname, '..', '..', '..', 'test', 'golden', 'files', 'interchange');
/** A file of test/golden/files/interchange. */
export const golden = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)));
export const goldenJson = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));

const source = random(11);
export const draw = (...shape: number[]): Values => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((n, m) => n * m, 1) }, () => source.uniform() - 0.5),
});

/** Gates by kind of cell. */
const gates = { rnn: 1, gru: 3, lstm: 4 };
export const cells = {
  rnn: { kind: 'rnn', activation: 'tanh' },
  lstm: { kind: 'lstm', gates: 'sigmoid', activation: 'tanh', output: 'tanh', peepholes: false },
  gru: { kind: 'gru', resetAfter: false, gates: 'sigmoid', activation: 'tanh' },
  gruAfter: { kind: 'gru', resetAfter: true, gates: 'sigmoid', activation: 'tanh' },
} as const satisfies Record<string, CellSpec>;

/** A recurrent layer of drawn weights: I features to H units, in one direction or two. */
export function recurrent(
  cell: Exclude<CellSpec, { kind: 'own' }>,
  [I, H]: [number, number],
  more: Partial<RecurrentSpec> & { readonly both?: boolean; readonly pair?: boolean } = {},
): RecurrentSpec {
  const { both = false, pair = cell.kind === 'gru' && cell.resetAfter, ...rest } = more;
  const G = gates[cell.kind];
  const direction = (reverse: boolean): Direction => ({
    reverse,
    W: draw(I, G * H),
    R: draw(H, G * H),
    bias: { input: draw(G * H), ...(pair && { recurrent: draw(G * H) }) },
  });
  return {
    kind: 'recurrent',
    name: `${cell.kind}`,
    cell,
    units: H,
    directions: both ? [direction(false), direction(true)] : [direction(false)],
    ...(both && { merge: 'concat' as const }),
    output: 'sequence',
    padding: 'zeros',
    ...rest,
  };
}

export const modelOf = (
  layers: readonly LayerSpec[],
  input: ModelSpec['input'] = { kind: 'features', steps: 5, width: 3 },
): ModelSpec => ({
  name: 'net',
  format: 'test',
  input,
  layers,
  outputs: [{ name: 'y', from: 'layer', layer: layers.at(-1)!.name }],
  notes: [],
});
