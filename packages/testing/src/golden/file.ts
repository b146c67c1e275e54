import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';

/** A tensor as a golden file writes it: row-major, float32 unless it says int32. */
export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}
export type GoldenTensors = Readonly<Record<string, GoldenTensor>>;

/** A file of the layout `rnn-golden/1`, its tensors read and rounded to float32; what it has depends on its kind. */
export interface GoldenFile {
  readonly kind: string;
  readonly id: string;
  readonly cell: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly inputs: GoldenTensors;
  readonly weights: GoldenTensors;
  readonly expected: GoldenTensors;
  readonly upstream: GoldenTensors;
  readonly gradients: GoldenTensors;
  readonly finalWeights: GoldenTensors;
  /** Everything else, as it stands in the file. */
  readonly raw: Readonly<Record<string, unknown>>;
}
type Dictionary = Readonly<Record<string, unknown>>;

const tensorGroups = ['inputs', 'weights', 'expected', 'upstream', 'gradients', 'finalWeights'] as const;

/** A JSON file that a folder of golden files may hold beside them: a model's own description. */
export function isModelFile(json: unknown): boolean {
  return isDictionary(json) && ('modelTopology' in json || 'weightsManifest' in json);
}

/** Reads a golden file from its parsed JSON. Errors: `GW_GOLDEN_FORMAT`, `GW_GOLDEN_TENSOR`. */
export function parseGolden(json: unknown): GoldenFile {
  if (!isDictionary(json) || typeof json.format !== 'string' || typeof json.kind !== 'string') {
    throw new GatewiseError(
      'GW_GOLDEN_FORMAT',
      'got JSON without "format" and "kind", wanted a file of the layout rnn-golden/1; see its README',
    );
  }
  if (json.format !== 'rnn-golden/1') {
    throw new GatewiseError(
      'GW_GOLDEN_FORMAT',
      `got format "${json.format}", wanted rnn-golden/1; convert the file`,
    );
  }
  const groups = tensorGroups.map((group) => [group, readGroup(json[group], group)] as const);
  return {
    kind: json.kind,
    id: typeof json.id === 'string' ? json.id : '',
    cell: typeof json.cell === 'string' ? json.cell : '',
    options: isDictionary(json.options) ? json.options : {},
    ...(Object.fromEntries(groups) as Record<(typeof tensorGroups)[number], GoldenTensors>),
    raw: json,
  };
}

/** The tensors of a group; what is no tensor (a clip file's nested rules) stays in `raw`. */
function readGroup(group: unknown, name: string): GoldenTensors {
  if (!isDictionary(group)) return {};
  const found = Object.entries(group).filter(([, v]) => isDictionary(v) && ('data' in v || 'shape' in v));
  return Object.fromEntries(found.map(([key, v]) => [key, readTensor(v, `${name}.${key}`)]));
}

/** One tensor, rounded to float32 on reading. `NaN` and infinities may stand as strings. Errors: `GW_GOLDEN_TENSOR`. */
export function readTensor(json: unknown, name: string): GoldenTensor {
  const bad = (what: string) =>
    new GatewiseError('GW_GOLDEN_TENSOR', `tensor ${name}: ${what}; the file is damaged, copy it again`);
  if (!isDictionary(json)) throw bad(`got ${typeof json}, wanted { shape, data }`);
  const { shape, data, dtype } = json;
  if (!Array.isArray(shape) || !shape.every((n) => Number.isInteger(n) && n >= 0)) {
    throw bad(`got shape ${JSON.stringify(shape)}, wanted whole numbers`);
  }
  if (!Array.isArray(data)) throw bad('got no data, wanted an array of numbers');
  const size = shape.reduce((n: number, m: number) => n * m, 1);
  if (data.length !== size) throw bad(`got ${data.length} numbers for shape [${shape}], wanted ${size}`);
  const numbers = data.map((v) => readNumber(v));
  const odd = numbers.indexOf(undefined);
  if (odd >= 0) throw bad(`got ${JSON.stringify(data[odd])} at ${odd}, wanted a number`);
  const values = numbers as number[];
  return { shape, data: dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values) };
}

const named: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};
/** A number, or NaN and the infinities as strings. */
export function readNumber(v: unknown): number | undefined {
  return typeof v === 'number' ? v : typeof v === 'string' ? named[v] : undefined;
}

/** A part of the file that its kind must have. Errors: `GW_GOLDEN_MISSING`. */
export function need<T>(value: T | undefined, what: string): T {
  if (value !== undefined && value !== null) return value;
  throw new GatewiseError(
    'GW_GOLDEN_MISSING',
    `got no ${what}, wanted it in a file of this kind; copy the file again`,
  );
}

export function isDictionary(v: unknown): v is Dictionary {
  return typeof v === 'object' && v !== null && !Array.isArray(v);
}

/** The tensor on the backend in use; the caller disposes of it. */
export function upload({ shape, data }: GoldenTensor): tf.Tensor {
  return tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32');
}
