import type { Comparison } from '@gatewise/interop';
import { softmaxCrossEntropy } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { goldenCells } from './cells.js';
import { judge } from './compare.js';
import { type GoldenFile, type GoldenTensor, isDictionary, need } from './file.js';
import { againstGroup } from './recurrent.js';
import { evaluate, findCell, type GoldenOptions, maskOf, runLayer, Skip } from './run.js';

/** Σ of the library's cross-entropy over the steps that count: its mean, times their number. */
export function summedCrossEntropy(
  targets: tf.Tensor,
  logits: tf.Tensor,
  counted: number,
  mask?: tf.Tensor,
): tf.Scalar {
  return tf.mul(softmaxCrossEntropy(targets, logits, mask), counted);
}

/** The library's cross-entropy of every step alone, 0 where masked. */
function eachCrossEntropy(
  targets: tf.Tensor, // [...]
  logits: tf.Tensor, // [..., C]
  mask?: tf.Tensor, // [...]
): tf.Tensor {
  const C = logits.shape.at(-1)!;
  const [y, m] = [targets, mask].map((t) => t && tf.reshape(t, [-1]));
  const z = tf.reshape(logits, [-1, C]);
  const one = (n: number) =>
    softmaxCrossEntropy(tf.slice(y!, [n], [1]), tf.slice(z, [n, 0], [1, C]), m && tf.slice(m, [n], [1]));
  return tf.reshape(tf.stack(Array.from({ length: targets.size }, (_, n) => one(n))), targets.shape);
}

/** How many steps count. */
const countedOf = (targets: GoldenTensor, mask?: GoldenTensor): number =>
  mask ? Array.from(mask.data).reduce((n, m) => n + m, 0) : targets.data.length;

/** Kind `loss`: softmax cross-entropy on logits. */
export async function replayLoss(file: GoldenFile): Promise<Comparison[]> {
  const logits = need(file.inputs.logits, 'inputs.logits');
  const targets = need(file.inputs.targets, 'inputs.targets');
  const mask = maskOf(file.inputs.mask, file.options.lengths, logits.shape[1]!);
  const counted = countedOf(targets, mask);
  const { outputs, gradients } = await evaluate(
    { ...file.inputs, ...(mask && { mask }) },
    Object.keys(file.gradients),
    ({ logits, targets, mask }) => {
      const sum = summedCrossEntropy(targets!, logits!, counted, mask);
      const loss = eachCrossEntropy(targets!, logits!, mask);
      return { loss: sum, outputs: { loss, sum, softmax: tf.softmax(logits!) } };
    },
  );
  const sum = outputs.sum![0]!;
  const scalars = { sum, meanOverBatch: sum / logits.shape[0]!, meanOverCountedSteps: sum / counted };
  return [
    ...againstGroup(file, 'expected', file.expected, outputs),
    ...compareScalars(file, scalars),
    ...againstGroup(file, 'gradients', file.gradients, gradients),
  ];
}

function compareScalars(file: GoldenFile, got: Readonly<Record<string, number>>): Comparison[] {
  const { scalars } = file.raw;
  if (!isDictionary(scalars)) return [];
  return Object.entries(scalars).map(([k, wanted]) => {
    if (got[k] === undefined) throw new Skip(`no meaning known for scalars.${k}`);
    return judge(file.raw, `scalars.${k}`, [got[k]], [Number(wanted)]);
  });
}

/** Kind `model-loss`: a layer, a linear head z = h V + b_V, and the cross-entropy summed over counted steps. */
export async function replayModelLoss(file: GoldenFile, options: GoldenOptions): Promise<Comparison[]> {
  const golden = findCell(file.cell, options, goldenCells);
  const { mode } = file.raw;
  if (mode !== 'many_to_many' && mode !== 'many_to_one') throw new Skip(`no mode "${String(mode)}" here`);
  const x = need(file.inputs.x, 'inputs.x');
  const mask = maskOf(file.inputs.mask, file.options.lengths, x.shape[1]!);
  const counted = countedOf(
    need(file.inputs.targets, 'inputs.targets'),
    mode === 'many_to_many' ? mask : undefined,
  );
  const each = mode === 'many_to_many';
  const { outputs, gradients } = await evaluate(
    { ...file.inputs, ...file.weights, ...(mask && { mask }) },
    Object.keys(file.gradients),
    (letters) => {
      const { mask, targets } = letters;
      const ran = runLayer(golden, letters, '', letters.x!, {
        reverse: file.options.reverse === true,
        padding: 'zeros',
        ...(mask && { mask }),
        ...(options.engine !== undefined && { engine: options.engine }),
      });
      const logits = head(each ? ran.y : ran.final[`${golden.cell.state[0]}T`]!, letters.Wy!, letters.by!);
      const counting = each ? mask : undefined;
      const sum = summedCrossEntropy(targets!, logits, counted, counting);
      return { loss: sum, outputs: { logits, sum, loss: eachCrossEntropy(targets!, logits, counting) } };
    },
  );
  return [
    ...againstGroup(file, 'expected', file.expected, outputs),
    judge(file.raw, 'loss', outputs.sum!, [need(file.raw.loss as number | undefined, 'loss')]),
    ...againstGroup(file, 'gradients', file.gradients, gradients),
  ];
}

/** z = h V + b_V over the last axis. */
export function head(
  h: tf.Tensor, // [..., H]
  V: tf.Tensor, // [H, classes]
  bV: tf.Tensor, // [classes]
): tf.Tensor {
  const [H, classes] = V.shape as [number, number];
  const z = tf.add(tf.matMul(tf.reshape(h, [-1, H]), V as tf.Tensor2D), bV);
  return tf.reshape(z, [...h.shape.slice(0, -1), classes]);
}
