import type { Values } from '../model.js';
import type { RawAttribute, RawNode, RawPort, RawTensor } from './schema.js';
import { FLOAT, rawTensor } from './tensor.js';

/** A net of ONNX while it is written: every value has a name. */
export class Net {
  readonly nodes: RawNode[] = [];
  readonly constants: RawTensor[] = [];
  readonly inputs: RawPort[] = [];
  /** Final states [directions, batch, H] by `layer.state`. */
  readonly finals = new Map<string, string>();

  /** `lengths`: the net has the input of that name. */
  constructor(readonly lengths: boolean) {}

  /** A named dimension is symbolic; the value's name comes back. */
  input(name: string, elementType: number, shape: readonly (number | string)[]): string {
    this.inputs.push(port(name, elementType, shape));
    return name;
  }

  /** An output: the value under another name. An empty dimension is not said. */
  output(name: string, value: string, shape: readonly string[]): RawPort {
    this.nodes.push({ op: 'Identity', name: `to ${name}`, inputs: [value], outputs: [name] });
    return port(name, FLOAT, shape);
  }

  constant(name: string, { shape, data }: Values): string {
    this.constants.push(rawTensor(name, { shape, data, whole: false }));
    return name;
  }

  /** A constant list of integers. */
  integers(...values: number[]): string {
    const name = `integers ${values.join(' ')}`;
    if (!this.constants.some((c) => c.name === name)) {
      this.constants.push(
        rawTensor(name, { shape: [values.length], data: Float64Array.from(values), whole: true }),
      );
    }
    return name;
  }

  /** A node with one output, whose name comes back. */
  node(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.nodeOf(op, inputs, 1, attributes)[0] as string;
  }

  nodeOf(op: string, inputs: readonly string[], outputs: number, attributes: Attributes = {}): string[] {
    const name = `${op} ${this.nodes.length}`;
    const names = Array.from({ length: outputs }, (_, k) => (outputs === 1 ? name : `${name} ${k}`));
    this.nodes.push({
      op,
      name,
      inputs,
      outputs: names,
      attributes: Object.entries(attributes).map(attribute),
    });
    return names;
  }
}

export type Attributes = Readonly<
  Record<string, number | Float | string | readonly number[] | readonly string[] | readonly Float[]>
>;
/** A number that ONNX wants as a float: other numbers are integers. */
interface Float {
  readonly float: number;
}

function attribute([name, value]: [string, Attributes[string]]): RawAttribute {
  if (typeof value === 'number') return { name, i: value, type: 2 };
  if (typeof value === 'string') return { name, s: value, type: 3 };
  if ('float' in value) return { name, f: value.float, type: 1 };
  if (value.every((v) => typeof v === 'number')) return { name, ints: value as readonly number[], type: 7 };
  if (value.every((v) => typeof v === 'string'))
    return { name, strings: value as readonly string[], type: 8 };
  return { name, floats: (value as readonly Float[]).map(({ float }) => float), type: 6 };
}

function port(name: string, elementType: number, shape: readonly (number | string)[]): RawPort {
  const dims = shape.map((d) => (typeof d === 'number' ? { value: d } : d === '' ? {} : { symbol: d }));
  return { name, type: { tensor: { elementType, shape: { dims } } } };
}
