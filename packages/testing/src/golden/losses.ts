import * as tf from '@tensorflow/tfjs-core';
import { goldenCells } from './cells.js';
import { type Comparison, judge } from './compare.js';
import { type GoldenFile, isDictionary, need } from './file.js';
import { againstGroup } from './recurrent.js';
import { evaluate, findCell, type GoldenOptions, maskOf, runLayer, Skip } from './run.js';

/** −log softmax(z)[target] = logsumexp(z) − z[target] at every step; 0 where masked, by selection. */
export function crossEntropy(
  z: tf.Tensor, // [..., classes]
  targets: tf.Tensor, // [...] int32
  mask?: tf.Tensor, // [...] 1 is a real step
): tf.Tensor {
  const picked = tf.sum(tf.mul(z, tf.oneHot(tf.cast(targets, 'int32'), z.shape.at(-1)!)), -1);
  const loss = tf.sub(tf.logSumExp(z, -1), picked);
  return mask ? tf.where(tf.cast(mask, 'bool'), loss, tf.zerosLike(loss)) : loss;
}

/** Kind `loss`: softmax cross-entropy on logits. */
export async function replayLoss(file: GoldenFile): Promise<Comparison[]> {
  const logits = need(file.inputs.logits, 'inputs.logits');
  need(file.inputs.targets, 'inputs.targets');
  const mask = maskOf(file.inputs.mask, file.options.lengths, logits.shape[1]!);
  const { outputs, gradients } = await evaluate(
    { ...file.inputs, ...(mask && { mask }) },
    Object.keys(file.gradients),
    ({ logits, targets, mask }) => {
      const loss = crossEntropy(logits!, targets!, mask);
      const sum = tf.sum(loss) as tf.Scalar;
      return { loss: sum, outputs: { loss, sum, softmax: tf.softmax(logits!) } };
    },
  );
  const sum = outputs.sum![0]!;
  const counted = mask ? Array.from(mask.data).reduce((n, m) => n + m, 0) : outputs.loss!.length;
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
      const each = mode === 'many_to_many';
      const logits = head(each ? ran.y : ran.final[`${golden.cell.state[0]}T`]!, letters.Wy!, letters.by!);
      const loss = crossEntropy(logits, need(targets, 'inputs.targets'), each ? mask : undefined);
      return { loss: tf.sum(loss) as tf.Scalar, outputs: { logits, loss } };
    },
  );
  const sum = Array.from(outputs.loss!).reduce((s, v) => s + v, 0);
  return [
    ...againstGroup(file, 'expected', file.expected, outputs),
    judge(file.raw, 'loss', [sum], [need(file.raw.loss as number | undefined, 'loss')]),
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
