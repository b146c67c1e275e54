import type { Seen } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import type { Metric } from './metrics.js';
import { checkShape, idsOf, meanOf, refusal } from './seen.js';

const kinds = ['Precision', 'Recall', 'F1'] as const;
type Kind = (typeof kinds)[number];
/**
 * Of the second of two classes, or of all entries of independent ones; of one class (`class3F1`, from 0); the mean over all C
 * classes that occur (`macro10F1` of ten).
 */
export type ClassMetricName = Uncapitalize<Kind> | `class${number}${Kind}` | `macro${number}${Kind}`;

/** What the numbers of a class are: shares of the targets that are hit, predicted, there. */
const parts = ['hit', 'predicted', 'actual'] as const;
type Counts = Readonly<Record<(typeof parts)[number], number>>;

const ratio = (a: number, b: number) => (b === 0 ? 0 : a / b);
const formulas: Readonly<Record<Kind, (n: Counts) => number>> = {
  Precision: ({ hit, predicted }) => ratio(hit, predicted),
  Recall: ({ hit, actual }) => ratio(hit, actual),
  // 2 p r / (p + r)
  F1: ({ hit, predicted, actual }) => ratio(2 * hit, predicted + actual),
};

/** The means that a metric of classes is made of at the end; undefined where the name is of another kind. */
export function classMetric(name: string): readonly Metric[] | undefined {
  const [, one, all, given = ''] =
    /^(?:class(\d+)|macro([1-9]\d*))?(precision|recall|f1|Precision|Recall|F1)$/.exec(name) ?? [];
  const kind = kinds.find((known) => known.toLowerCase() === given.toLowerCase());
  const plain = one === undefined && all === undefined;
  if (!kind || plain !== (given === given.toLowerCase())) return undefined;
  const classes = plain ? [undefined] : one !== undefined ? [Number(one)] : [...Array(Number(all)).keys()];
  const part = { of: name, value: (means: readonly number[]) => meanOfClasses(means, formulas[kind]) };
  const wanted = all === undefined ? undefined : Number(all);
  return classes.flatMap((c) =>
    parts.map((what) => ({
      name: `${name}#${c ?? ''}${what}`,
      mean: (seen: Seen) => shareOf(seen, { name, what, c, wanted }),
      part,
    })),
  );
}

/** Over the classes that occur or are predicted. */
function meanOfClasses(means: readonly number[], formula: (n: Counts) => number): number {
  const all = Array.from({ length: means.length / parts.length }, (_, i): Counts => {
    const [hit = 0, predicted = 0, actual = 0] = means.slice(i * parts.length);
    return { hit, predicted, actual };
  }).filter(({ predicted, actual }) => predicted + actual > 0);
  return ratio(
    all.reduce((sum, n) => sum + formula(n), 0),
    all.length,
  );
}

interface Share {
  readonly name: string;
  readonly what: (typeof parts)[number];
  /** The class; the second of two, or all entries of independent ones, where undefined. */
  readonly c: number | undefined;
  /** How many classes there have to be, where the name says it. */
  readonly wanted: number | undefined;
}

function shareOf(seen: Seen, { name, what, c, wanted }: Share): tf.Scalar {
  const { actual, predicted } = (seen.form === 'binary' ? ofEntries : ofClasses)(seen, name, c, wanted);
  const flags = { hit: tf.logicalAnd(actual, predicted), actual, predicted }[what];
  return meanOf(tf.cast(flags, 'float32'), seen);
}

interface Flags {
  /** Whether the target is of the class, and whether it is predicted: bool [..]. */
  readonly actual: tf.Tensor;
  readonly predicted: tf.Tensor;
}

/** Of independent classes: at 0.5. */
function ofEntries(seen: Seen, name: string, c?: number, wanted?: number): Flags {
  checkShape(seen, name);
  const C = seen.predictions.shape.at(-1) ?? 1;
  checkClasses(name, C, c, wanted);
  const of = (t: tf.Tensor) => tf.greater(c === undefined ? t : tf.gather(t, c, t.rank - 1), 0.5);
  return { actual: of(seen.targets), predicted: of(seen.predictions) };
}

/** Of classes that exclude each other: the likeliest is predicted. */
function ofClasses(seen: Seen, name: string, c?: number, wanted?: number): Flags {
  const { targets, predictions, form } = seen;
  if (form === 'values') throw refusal(`${name} for values [${predictions.shape}]`, 'classes to choose from');
  const C = predictions.shape.at(-1) ?? 0;
  if (c === undefined && C !== 2) {
    throw refusal(`${name} of ${C} classes`, `the name of one class, such as class1F1, or macro${C}F1`);
  }
  checkClasses(name, C, c, wanted);
  const ids = idsOf(seen);
  if (!ids) checkShape(seen, name);
  const of = (y: tf.Tensor) => tf.equal(y, tf.scalar(c ?? 1, 'int32'));
  return { actual: of(ids ?? tf.argMax(targets, -1)), predicted: of(tf.argMax(predictions, -1)) };
}

/** Errors: `GW_TRAIN_METRICS`. */
function checkClasses(name: string, C: number, c = 0, wanted = C): void {
  if (c < C && wanted === C) return;
  throw refusal(
    `${name} of ${C} classes`,
    `a class from 0 to ${C - 1}, or the mean over all, such as macro${C}F1`,
  );
}
