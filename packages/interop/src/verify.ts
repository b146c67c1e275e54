import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { build } from './build.js';
import { type Comparison, compare, suggestedLimit } from './compare.js';
import { refuse } from './errors.js';
import type { ModelSpec } from './model.js';
import { runModel } from './run.js';
import { showShape, sizeOf } from './values.js';

/** A tensor as JSON has it, row by row. */
interface Plain {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
  readonly dtype?: string;
}
/** Golden inputs and what the original computed for them: a file of the layout rnn-golden/1, or an object like it. */
export interface Fixture {
  readonly inputs: Readonly<Record<string, Plain>>; // one: x [B,T,I], or ids [B,T]
  /** By the names of the description's outputs, or y for what the model gives. */
  readonly expected: Readonly<Record<string, Plain>>;
  /** What a plain float32 loop is off by, by tensor; limits grow with it. */
  readonly float32Error?: { readonly expected?: Readonly<Record<string, number>> };
}

/** What was compared, and how far it was off. */
export interface Certificate {
  readonly format: 'gatewise-certificate/1';
  readonly model: string;
  /** What the model was read from. */
  readonly from: string;
  /** Null where nothing was compared. */
  readonly passed: boolean | null;
  /** By tensor: the largest absolute error, beside 8·float32Error + 4e-6·max|expected| + 1e-30. */
  readonly tensors: readonly (Comparison & { readonly shape: readonly number[] })[];
  readonly notes: readonly string[];
}

/**
 * Replays golden inputs and reports the largest error of every tensor. A model that was built of the description may be
 * given; without one it is built for this alone. Errors: `GW_IMPORT_FIXTURE`.
 *
 * @example
 * const certificate = await verify(readTorch(bytes), JSON.parse(golden));
 * if (!certificate.passed) throw new Error(certificateText(certificate));
 */
export async function verify(spec: ModelSpec, fixture: Fixture, given?: LayersModel): Promise<Certificate> {
  checkFixture(fixture);
  const [input] = Object.values(fixture.inputs);
  const model = given ?? build(spec);
  const x = tf.tensor(
    Float32Array.from(input!.data),
    [...input!.shape],
    spec.input.kind === 'ids' ? 'int32' : 'float32',
  );
  try {
    const got = await runModel(spec, model, x);
    const tensors = Object.entries(fixture.expected).map(([name, wanted]) => {
      const values = got[name];
      if (!values)
        return refuse(
          'GW_IMPORT_FIXTURE',
          `got the expected tensor "${name}", wanted one of ${Object.keys(got).join(', ')}: what this model gives`,
        );
      if (showShape(values.shape) !== showShape(wanted.shape)) {
        refuse(
          'GW_IMPORT_FIXTURE',
          `tensor "${name}": got ${showShape(values.shape)} from the model, the fixture has ${showShape(wanted.shape)}; is it of another model?`,
        );
      }
      const limit = suggestedLimit(fixture.float32Error?.expected?.[name] ?? 0, wanted.data);
      return { ...compare(`expected.${name}`, values.data, wanted.data, () => limit), shape: values.shape };
    });
    const passed = tensors.every((tensor) => tensor.passed);
    return {
      format: 'gatewise-certificate/1',
      model: spec.name,
      from: spec.format,
      passed,
      tensors,
      notes: spec.notes,
    };
  } finally {
    x.dispose();
    if (!given) model.dispose();
  }
}

function checkFixture({ inputs, expected }: Fixture): void {
  for (const [group, tensors] of Object.entries({ inputs, expected })) {
    if (typeof tensors !== 'object' || tensors === null || Object.keys(tensors).length === 0) {
      refuse('GW_IMPORT_FIXTURE', `got no ${group} in the fixture, wanted tensors { shape, data } by name`);
    }
    for (const [name, tensor] of Object.entries(tensors)) {
      const { shape, data } = tensor as Partial<Plain>;
      if (Array.isArray(shape) && data && sizeOf(shape) === data.length) continue;
      refuse(
        'GW_IMPORT_FIXTURE',
        `got ${group}.${name} with ${data?.length ?? 'no'} numbers for the shape [${shape}], wanted { shape, data } that agree`,
      );
    }
  }
  if (Object.keys(inputs).length > 1) {
    refuse('GW_IMPORT_FIXTURE', `got the inputs ${Object.keys(inputs).join(', ')}, wanted one`);
  }
}

/** The certificate of a model for which there are no golden inputs: what it was read from, and nothing compared. */
export const unverified = ({ name, format, notes }: ModelSpec): Certificate => ({
  format: 'gatewise-certificate/1',
  model: name,
  from: format,
  passed: null,
  tensors: [],
  notes,
});

/** A certificate as lines of text. */
export function certificateText({ model, from, passed, tensors, notes }: Certificate): string {
  const short = (n: number) => (n === 0 ? '0' : n.toExponential(2));
  const width = Math.max(0, ...tensors.map(({ tensor }) => tensor.length));
  return [
    `${passed === null ? 'not compared' : passed ? 'passed' : 'FAILED'}  ${model}, from ${from}`,
    ...tensors.map(
      (t) =>
        `  ${t.tensor.padEnd(width)}  ${showShape(t.shape)}  error ${short(t.error)}  limit ${short(t.limit)}  ${t.passed ? 'pass' : 'FAIL'}`,
    ),
    ...notes.map((note) => `  ${note}`),
  ].join('\n');
}
