/** The parts of onnx.proto that a recurrent net uses: by field number the name, what it is, and whether it repeats. */
export type Kind = 'int' | 'float' | 'double' | 'text' | 'bytes';
export type Field = readonly [name: string, kind: Kind | Schema, many?: 'many'];
export interface Schema {
  readonly [tag: number]: Field;
}

const tensor: Schema = {
  1: ['dims', 'int', 'many'],
  2: ['dataType', 'int'],
  4: ['floats', 'float', 'many'],
  5: ['int32s', 'int', 'many'],
  7: ['int64s', 'int', 'many'],
  8: ['name', 'text'],
  9: ['raw', 'bytes'],
  10: ['doubles', 'double', 'many'],
  14: ['location', 'int'],
};
export interface RawTensor {
  readonly dims?: readonly number[];
  readonly dataType?: number;
  readonly floats?: readonly number[];
  readonly int32s?: readonly number[];
  readonly int64s?: readonly number[];
  readonly name?: string;
  readonly raw?: Uint8Array;
  readonly doubles?: readonly number[];
  /** 1: the numbers lie in another file. */
  readonly location?: number;
}

const attribute: Schema = {
  1: ['name', 'text'],
  2: ['f', 'float'],
  3: ['i', 'int'],
  4: ['s', 'text'],
  5: ['t', tensor],
  7: ['floats', 'float', 'many'],
  8: ['ints', 'int', 'many'],
  9: ['strings', 'text', 'many'],
  20: ['type', 'int'],
};
export interface RawAttribute {
  readonly name?: string;
  readonly f?: number;
  readonly i?: number;
  readonly s?: string;
  readonly t?: RawTensor;
  readonly floats?: readonly number[];
  readonly ints?: readonly number[];
  readonly strings?: readonly string[];
  readonly type?: number;
}

const node: Schema = {
  1: ['inputs', 'text', 'many'],
  2: ['outputs', 'text', 'many'],
  3: ['name', 'text'],
  4: ['op', 'text'],
  5: ['attributes', attribute, 'many'],
  7: ['domain', 'text'],
};
export interface RawNode {
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  readonly name?: string;
  readonly op?: string;
  readonly attributes?: readonly RawAttribute[];
  readonly domain?: string;
}

const dimension: Schema = { 1: ['value', 'int'], 2: ['symbol', 'text'] };
const shaped: Schema = { 1: ['elementType', 'int'], 2: ['shape', { 1: ['dims', dimension, 'many'] }] };
const port: Schema = { 1: ['name', 'text'], 2: ['type', { 1: ['tensor', shaped] }] };
export interface RawPort {
  readonly name?: string;
  readonly type?: {
    readonly tensor?: {
      readonly elementType?: number;
      readonly shape?: { readonly dims?: readonly { readonly value?: number; readonly symbol?: string }[] };
    };
  };
}

const graph: Schema = {
  1: ['nodes', node, 'many'],
  2: ['name', 'text'],
  5: ['initialisers', tensor, 'many'],
  11: ['inputs', port, 'many'],
  12: ['outputs', port, 'many'],
  15: ['sparse', 'bytes', 'many'],
};
export interface RawGraph {
  readonly nodes?: readonly RawNode[];
  readonly name?: string;
  readonly initialisers?: readonly RawTensor[];
  readonly inputs?: readonly RawPort[];
  readonly outputs?: readonly RawPort[];
  readonly sparse?: readonly Uint8Array[];
}

export const modelSchema: Schema = {
  1: ['irVersion', 'int'],
  2: ['producer', 'text'],
  7: ['graph', graph],
  8: ['opsets', { 1: ['domain', 'text'], 2: ['version', 'int'] }, 'many'],
};
export interface RawModel {
  readonly irVersion?: number;
  readonly producer?: string;
  readonly graph?: RawGraph;
  readonly opsets?: readonly { readonly domain?: string; readonly version?: number }[];
}
