import { GatewiseError } from '@gatewise/core';
import { currentRun, lengthsMask } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { Seq2Seq } from './model.js';
import { saveSeq2Seq, topologyOf } from './save.js';
import { scheduledInputs, stepKey } from './scheduled-inputs.js';
import type { TruthRate } from './truth-rate.js';

/** Targets, logits and the mask of real targets to a scalar or what each target costs: as losses of @gatewise/trainer. */
export type LossOf = (
  yTrue: tf.Tensor, // ids [B,T]
  yPred: tf.Tensor, // logits [B,T,V]
  mask?: tf.Tensor, // bool [B,T]
) => tf.Tensor;

export interface TeacherForcingOptions {
  /** Such as `softmaxCrossEntropy` (the mean of all tokens) or `summedCrossEntropy` of @gatewise/trainer. */
  readonly loss: LossOf;
  /** Absent: the decoder always reads the true symbols. */
  readonly truth?: TruthRate;
}

/** Sources and targets; `pairs` of @gatewise/data makes such batches. */
export interface PairBatch {
  /** Ids [B,S], or [B,S,I]. */
  readonly x: tf.Tensor | readonly tf.Tensor[];
  /** Ids [B,T], each row with its end symbol. */
  readonly y: tf.Tensor;
  /** Real steps of each source; all where absent. */
  readonly lengths?: readonly number[];
  /** Real symbols of each target, the end counted; all where absent. */
  readonly targetLengths?: readonly number[];
}

/** What metrics are computed from. */
interface SeenTargets {
  readonly targets: tf.Tensor2D; // ids [B,T]
  readonly predictions: tf.Tensor3D; // [B,T,V]
  readonly form: 'logits';
  readonly mask?: tf.Tensor2D; // bool [B,T]
}

/** What `train` takes. */
export interface TrainableSeq2Seq {
  readonly name: string;
  readonly weights: Readonly<Record<string, tf.Variable>>;
  loss(batch: PairBatch, training: boolean, show?: (seen: SeenTargets) => void): tf.Scalar;
  topology(): tf.serialization.ConfigDict;
  save(handler: tf.io.IOHandler): Promise<tf.io.SaveResult>;
}

/**
 * A seq2seq model as something `train` trains: the decoder reads the start symbol and the target but its last, and is asked for
 * the target. With a schedule for `truth` it reads, in training, symbols that it drew itself at the other steps (scheduled
 * sampling, Bengio et al., 2015), seeded by the run. Encoder and decoder are one fused sequence each, forward and backward.
 * Errors: `GW_SEQ2SEQ_BATCH`, `GW_LAYER_SHAPE`, and those of the loss.
 *
 * @example
 * const trainee = teacherForcing(model, { loss: softmaxCrossEntropy, truth: linearTruth({ to: 0.7, steps: 1000 }) });
 * await train(trainee, pairs({ x, y, end }, { batch: 64, seed: 1 }), { epochs: 5, optimizer });
 */
export function teacherForcing(model: Seq2Seq, { loss, truth }: TeacherForcingOptions): TrainableSeq2Seq {
  const { end, start = end } = model.config.target;
  return {
    name: model.name,
    weights: model.weights,
    save: (handler) => saveSeq2Seq(model, handler),
    topology: () => topologyOf(model) as unknown as tf.serialization.ConfigDict,
    loss: (batch, training, show) =>
      tf.tidy(() => {
        const { x, y, sourceMask, targetMask, lengths } = readBatch(batch, end);
        const encoded = model.encode(x, sourceMask);
        const known = shifted(y as tf.Tensor2D, start);
        const run = currentRun();
        const ε = training && truth ? rateOf(truth, run?.step ?? 0) : 1;
        const key = stepKey(run?.seed ?? 0, run?.step ?? 0);
        const inputs = ε < 1 ? scheduledInputs(model, known, encoded, { ε, key, lengths }) : known;
        const z = model.decode(inputs, encoded);
        show?.({ targets: y, predictions: z, form: 'logits', ...(targetMask ? { mask: targetMask } : {}) });
        const value = loss(y, z, targetMask);
        return (value.rank === 0 ? value : maskedMean(value, targetMask)) as tf.Scalar;
      }),
  };
}

/** The start symbol and all of y but its last, [B,T]. */
function shifted(y: tf.Tensor2D, start: number): tf.Tensor2D {
  const [B, T] = y.shape;
  return tf.concat([tf.fill([B, 1], start, 'int32'), tf.slice(y, [0, 0], [B, T - 1])], 1) as tf.Tensor2D;
}

/** Errors: `GW_SEQ2SEQ_SCHEDULE`. */
function rateOf(truth: TruthRate, step: number): number {
  const ε = truth(step);
  if (ε >= 0 && ε <= 1) return ε;
  throw new GatewiseError(
    'GW_SEQ2SEQ_SCHEDULE',
    `got ${ε} as the share of true symbols at step ${step}, wanted 0 to 1; see linearTruth and inverseSigmoidTruth`,
  );
}

/** Padding of y becomes the end symbol: whatever stood there, it is read nowhere. */
function readBatch(batch: PairBatch, end: number) {
  const x = (Array.isArray(batch.x) ? batch.x[0] : batch.x) as tf.Tensor;
  const [B = 0, S = 0] = x.shape;
  const { y: given } = batch;
  if (
    given.rank !== 2 ||
    given.dtype !== 'int32' ||
    given.shape[0] !== B ||
    (Array.isArray(batch.x) && batch.x.length > 1)
  ) {
    throw new GatewiseError(
      'GW_SEQ2SEQ_BATCH',
      `got y ${given.dtype} [${given.shape}] for ${Array.isArray(batch.x) ? batch.x.length : 1} x of which the first is [${x.shape}], wanted one x and int32 ids y [B,T] of as many rows; make batches with pairs(…) of @gatewise/data`,
    );
  }
  const T = given.shape[1]!;
  const lengths = batch.targetLengths ?? Array.from({ length: B }, () => T);
  const targetMask = maskOf(batch.targetLengths, B, T);
  const y = (targetMask ? tf.where(targetMask, given, tf.fill([B, T], end, 'int32')) : given) as tf.Tensor2D;
  return { x, y, sourceMask: maskOf(batch.lengths, B, S), targetMask, lengths };
}

/** undefined where every step is real. Errors: `GW_OP_LENGTHS`. */
export function maskOf(
  lengths: readonly number[] | undefined,
  B: number,
  T: number,
): tf.Tensor2D | undefined {
  const full = !lengths || (lengths.length === B && lengths.every((n) => n === T));
  return full ? undefined : lengthsMask(lengths, B, T);
}

/** Of what each target costs, over the real ones. */
function maskedMean(value: tf.Tensor, mask: tf.Tensor | undefined): tf.Tensor {
  if (!mask) return tf.mean(value);
  const sum = tf.sum(tf.where(mask, value, tf.zerosLike(value)));
  return tf.div(sum, tf.maximum(tf.sum(tf.cast(mask, 'float32')), 1));
}
