import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@gatewise/backends';
import { type LevelConfig, stack } from '@gatewise/layers';
import { findGolden, type GoldenCell, goldenCells } from '@gatewise/testing';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

beforeAll(() => useBackend('cpu'));
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

type Plain = { shape: number[]; data: number[]; dtype?: string };
type Group = Record<string, Plain>;
interface File {
  cell: string;
  weights: Group;
  inputs: Group;
  expected: Group;
  upstream: Group;
  gradients: Group;
  float32Error: { expected: Record<string, number>; gradients: Record<string, number> };
  options: { padding: 'zeros' | 'hold' | null };
}
const tensor = ({ shape, data, dtype }: Plain) =>
  tf.tensor(data, shape, dtype === 'int32' ? 'int32' : 'float32');
const tensors = (group: Group) => Object.fromEntries(Object.entries(group).map(([k, v]) => [k, tensor(v)]));

const folder = fileURLToPath(new URL('../golden/files/stacks/', import.meta.url));
const files = await findGolden([folder]);

/** The letters of one direction, `l0.fwd.Wx` as Wx. */
const lettersOf = (group: Record<string, tf.Tensor>, prefix: string) =>
  Object.fromEntries(
    Object.entries(group)
      .filter(([k]) => k.startsWith(prefix))
      .map(([k, v]) => [k.slice(prefix.length), v]),
  );
const weightsOf = (cell: GoldenCell, letters: Record<string, tf.Tensor>) => {
  const { W, R, b } = cell.weights(letters);
  return [W, R, b];
};

/** Directions by level: ['l0.fwd.', 'l0.bwd.'] or ['l0.']. */
function prefixesOf({ weights }: File): string[][] {
  const all = [...new Set(Object.keys(weights).map((k) => k.slice(0, k.lastIndexOf('.') + 1)))];
  const levels: string[][] = [];
  for (const p of all) {
    levels[Number(p[1])] ??= [];
    levels[Number(p[1])]!.push(p);
  }
  return levels.map((p) => p.sort().reverse());
}

function check(file: File, group: 'expected' | 'gradients', name: string, got: tf.Tensor): void {
  const wanted = file[group][name]!.data;
  const most = wanted.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const limit = 8 * (file.float32Error[group][name] ?? 0) + 4e-6 * most + 1e-30;
  const error = Array.from(got.dataSync()).reduce(
    (m, v, n) => Math.max(m, Math.abs(v - Math.fround(wanted[n]!))),
    0,
  );
  expect(error, `${group}.${name}`).toBeLessThanOrEqual(limit);
}

describe('golden stacks through the layer', () => {
  it('are all there', () => expect(files).toHaveLength(7));
  it.each(files.map((f) => [f.slice(folder.length), f]))('%s', (_, path) => {
    const file = JSON.parse(readFileSync(path, 'utf8')) as File;
    const cell = goldenCells[file.cell]!;
    const prefixes = prefixesOf(file);
    const letters = tensors(file.weights);
    const inputs = tensors(file.inputs);
    const H = inputs[`${prefixes[0]![0]}h0`]!.shape[1]!;
    const levels = prefixes.map(
      (p): LevelConfig => ({
        cell: cell.cell.name,
        units: H,
        padding: file.options.padding ?? 'zeros',
        ...(p.length === 2 ? { merge: 'concat' as const } : {}),
      }),
    );
    const flat = prefixes.flat();
    const layer = stack({
      levels,
      returnSequences: true,
      returnState: true,
      weights: flat.flatMap((p) => weightsOf(cell, lettersOf(letters, p))),
    });
    const stateNames = flat.flatMap((p) => cell.cell.state.map((s) => `${p}${s}0`));
    const { mask } = inputs;
    const kwargs = mask ? { mask } : {};
    const run = (x: tf.Tensor, states: tf.Tensor[]) => layer.apply([x, ...states], kwargs) as tf.Tensor[];
    const states = stateNames.map((name) => inputs[name]!);
    const [y, ...finals] = run(inputs.x!, states);
    check(file, 'expected', 'y', y!);
    for (const [k, name] of stateNames.entries()) {
      check(file, 'expected', name.replace(/0$/, 'T'), finals[k]!);
    }

    const up = tensors(file.upstream);
    const cotangents = [up.dY!, ...stateNames.map((name) => up[`d${name.replace(/0$/, 'T')}`])];
    const loss = (x: tf.Tensor, ...given: tf.Tensor[]) =>
      tf.addN(
        run(x, given).flatMap((o, k) => (cotangents[k] ? [tf.sum(tf.mul(o, cotangents[k]!))] : [])),
      ) as tf.Scalar;
    const [dx, ...dstates] = tf.grads(loss)([inputs.x!, ...states]);
    check(file, 'gradients', 'x', dx!);
    for (const [k, name] of stateNames.entries()) check(file, 'gradients', name, dstates[k]!);
    const variables = layer.weights.map((w) => w.read() as tf.Variable);
    const { grads } = tf.variableGrads(() => loss(inputs.x!, ...states), variables);
    flat.forEach((p, n) => {
      const own = lettersOf(letters, p);
      const names = Object.keys(own);
      // δ of the file's letters: the transpose of how they become ours
      const through = tf.grads((...given: tf.Tensor[]) => {
        const ours = weightsOf(cell, Object.fromEntries(names.map((k, i) => [k, given[i]!])));
        return tf.addN(ours.map((w, k) => tf.sum(tf.mul(w, grads[variables[3 * n + k]!.name]!))));
      })(names.map((k) => own[k]!));
      for (const [i, k] of names.entries()) check(file, 'gradients', `${p}${k}`, through[i]!);
    });
    layer.dispose();
  });
});
