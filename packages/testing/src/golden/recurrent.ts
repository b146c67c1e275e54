import { type Comparison, compare, suggestedLimit } from '@gatewise/interop';
import * as tf from '@tensorflow/tfjs-core';
import { type GoldenCell, goldenCells } from './cells.js';
import { float32Error, judge } from './compare.js';
import { type GoldenFile, type GoldenTensors, need } from './file.js';
import { evaluate, findCell, type GoldenOptions, type Letters, maskOf, runLayer, Skip } from './run.js';

/** Kind `cell`: one layer, forward and every gradient. */
export function replayCell(file: GoldenFile, options: GoldenOptions): Promise<Comparison[]> {
  const golden = findCell(file.cell, options, goldenCells);
  const settings = layerSettings(file, options);
  return replayRecurrent(file, (letters, mask) => {
    const { y, final } = runLayer(golden, letters, '', letters.x!, { ...settings, ...(mask && { mask }) });
    return { y, ...final };
  });
}

/** Kind `stack`: layers over layers, each one or two directions; y of two directions is their concatenation. */
export function replayStack(file: GoldenFile, options: GoldenOptions): Promise<Comparison[]> {
  const layers = stackLayers(file);
  const cells = layers.map((_, l) => stackCell(file, l, options));
  const settings = layerSettings(file, options);
  return replayRecurrent(file, (letters, mask) => {
    let y = letters.x!;
    let outputs: Letters = {};
    layers.forEach((directions, l) => {
      const ran = directions.map((direction) =>
        runLayer(cells[l]!, letters, direction ? `l${l}.${direction}.` : `l${l}.`, y, {
          ...settings,
          ...(mask && { mask }),
          reverse: direction === 'bwd' || settings.reverse,
        }),
      );
      y =
        ran.length === 1
          ? ran[0]!.y
          : tf.concat(
              ran.map((r) => r.y),
              2,
            );
      outputs = Object.assign({}, outputs, ...ran.map((r) => r.final));
    });
    return { y, ...outputs };
  });
}

/** The directions of each layer, from the weights' keys: [''] or ['fwd', 'bwd']. */
function stackLayers(file: GoldenFile): string[][] {
  const layers: string[][] = [];
  for (const key of Object.keys(file.weights)) {
    const found = /^l(\d+)\.(?:(fwd|bwd)\.)?[^.]+$/.exec(key);
    if (!found) throw new Skip(`no meaning known for the weight "${key}" of a stack`);
    layers[Number(found[1])] ??= [];
    const directions = layers[Number(found[1])]!;
    if (!directions.includes(found[2] ?? '')) directions.push(found[2] ?? '');
  }
  for (let l = 0; l < layers.length; l++) need(layers[l], `weights of layer ${l}`).sort().reverse();
  return layers;
}

/** One cell for all layers, or `cells` naming one a layer. */
function stackCell(file: GoldenFile, l: number, options: GoldenOptions): GoldenCell {
  const { cells, cell } = file.raw;
  const names = Array.isArray(cells) ? cells : Array.isArray(cell) ? cell : undefined;
  return findCell(String(names ? names[l] : file.cell), options, goldenCells);
}

function layerSettings(file: GoldenFile, { engine }: GoldenOptions) {
  const { padding, reverse } = file.options;
  if (padding !== undefined && padding !== null && padding !== 'zeros' && padding !== 'hold') {
    throw new Skip(`no padding "${String(padding)}" here`);
  }
  return {
    reverse: reverse === true,
    padding: padding === 'hold' ? ('hold' as const) : ('zeros' as const),
    ...(engine !== undefined && { engine }),
  };
}

/** L = Σ dY ⊗ y + Σ ds_T ⊗ s_T, its gradients, and every output, held against the file. */
async function replayRecurrent(
  file: GoldenFile,
  run: (letters: Letters, mask?: tf.Tensor) => Letters,
): Promise<Comparison[]> {
  const x = need(file.inputs.x, 'inputs.x');
  const mask = maskOf(file.inputs.mask, file.options.lengths, x.shape[1]!);
  const upstream = Object.fromEntries(
    Object.entries(file.upstream).map(([k, v]) => [k === 'dY' ? 'y' : k.slice(1), v]),
  );
  const extra: Record<string, (typeof upstream)[string]> = { ...(mask && { mask }) };
  for (const [k, v] of Object.entries(upstream)) extra[`upstream ${k}`] = v;
  const tensors = { ...file.inputs, ...file.weights, ...extra };
  const { outputs, gradients } = await evaluate(tensors, Object.keys(file.gradients), (letters) => {
    const all = run(letters, letters.mask);
    const terms = Object.keys(upstream).map((k) =>
      tf.sum(tf.mul(need(letters[`upstream ${k}`], k), need(all[k], `output ${k}`))),
    );
    return { loss: tf.addN(terms) as tf.Scalar, outputs: all };
  });
  const compared = [
    ...againstGroup(file, 'expected', file.expected, outputs),
    ...againstGroup(file, 'gradients', file.gradients, gradients),
  ];
  const loss = file.raw.loss;
  return typeof loss === 'number' ? [...compared, compareLoss(file, loss, upstream, outputs)] : compared;
}

/** Every tensor of a group of the file against what was computed under the same name. */
export function againstGroup(
  file: GoldenFile,
  group: 'expected' | 'gradients',
  wanted: GoldenTensors,
  got: Readonly<Record<string, ArrayLike<number>>>,
): Comparison[] {
  return Object.entries(wanted).map(([k, { data }]) =>
    judge(file.raw, `${group}.${k}`, need(got[k], `${group}.${k} from this library`), data),
  );
}

/**
 * L, summed in float64 from the outputs. Its terms cancel, so even correctly rounded float32 outputs can miss
 * 4e-6·|L|: its float32Error, which files do not give, follows from theirs, √Σ (‖ds‖₂ · float32Error(s))².
 */
function compareLoss(
  file: GoldenFile,
  loss: number,
  upstream: GoldenTensors,
  outputs: Readonly<Record<string, ArrayLike<number>>>,
): Comparison {
  let L = 0;
  let squares = 0;
  for (const [k, { data }] of Object.entries(upstream)) {
    const error = float32Error(file.raw, `expected.${k}`);
    data.forEach((d, i) => {
      L += d * outputs[k]![i]!;
      squares += (d * error) ** 2;
    });
  }
  const limit = suggestedLimit(Math.sqrt(squares), [loss]);
  return compare('loss', [L], [loss], () => limit);
}
