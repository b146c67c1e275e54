import { refuse } from '../errors.js';
import type { LayerSpec, ModelSpec } from '../model.js';
import { layersCode, mathsCode, numbersCode, readers } from './functions.js';
import { layerCode } from './layer-code.js';
import { base64, ModuleText, quoted } from './module.js';
import type { Precision } from './pack.js';

export interface StandaloneOptions {
  /** How the weights are kept in the module; it computes in float64 either way. Default `f32`. */
  readonly weights?: Precision;
}

/** An ES module and its types, for `model.js` and `model.d.ts`. */
export interface Standalone {
  readonly module: string;
  readonly types: string;
}

/**
 * Writes a description as one ES module that needs nothing: a class `Model` with `run(x)` for a sequence and, where the
 * model only reads forward, `push(step)` and `reset()` for a stream. It has no eval and no WebAssembly, so any page's policy
 * allows it. Every registered cell can be written. Errors: `GW_EXPORT_UNSUPPORTED`, `GW_EXPORT_VALUE` by the layer's name.
 *
 * @example
 * const { module, types } = writeStandalone(await describe(model), { weights: 'f16' });
 * // elsewhere: const y = new Model().push(step);
 */
export function writeStandalone(spec: ModelSpec, { weights = 'f32' }: StandaloneOptions = {}): Standalone {
  const text = new ModuleText(weights);
  const shape = shapeOf(spec);
  const alive = spec.layers.filter(({ kind }) => kind !== 'dropout');
  const codes = alive.flatMap((layer, n) => layerCode(text, layer, n === 0 && shape.ids) ?? []);
  const module = [
    `// ${about(spec, shape, weights)}`,
    mathsCode,
    numbersCode,
    ...(text.has('F16') ? [readers.F16] : []),
    ...(text.has('I8') ? [readers.I8] : []),
    layersCode,
    ...text.parts,
    `const weights = decode('${base64(text.bytes)}');`,
    `const layers = [\n  ${codes.join(',\n  ')},\n];`,
    modelCode(shape),
    '',
  ].join('\n');
  return { module, types: typesCode(spec, shape, weights) };
}

interface Shape {
  readonly ids: boolean;
  /** Features of a step, or how many ids there are. */
  readonly width: number;
  readonly outputs: number;
  readonly sequence: boolean;
  /** Why it cannot read a stream. */
  readonly whole: string | undefined;
}

function shapeOf({ input, layers }: ModelSpec): Shape {
  if (layers.length === 0)
    refuse('GW_EXPORT_UNSUPPORTED', 'got a description without layers, wanted at least one');
  const backward = layers.find(
    (layer) => layer.kind === 'recurrent' && layer.directions.some(({ reverse }) => reverse),
  );
  const width = input.kind === 'ids' ? input.size : input.width;
  return {
    ids: input.kind === 'ids',
    width,
    outputs: layers.reduce(widthAfter, width),
    sequence: !layers.some((layer) => layer.kind === 'recurrent' && layer.output === 'last'),
    whole: backward && `layer ${quoted(backward.name)} reads backward`,
  };
}

function widthAfter(width: number, layer: LayerSpec): number {
  if (layer.kind === 'dense') return layer.W.shape[1]!;
  if (layer.kind === 'embedding') return layer.table.shape[1]!;
  if (layer.kind !== 'recurrent') return width;
  return layer.units * (layer.directions.length > 1 && (layer.merge ?? 'concat') === 'concat' ? 2 : 1);
}

const about = ({ name }: ModelSpec, { ids, width, outputs, sequence }: Shape, weights: Precision): string =>
  `${quoted(name)}: ${ids ? `ids below ${width} [T]` : `x [T,${width}]`} to y [${sequence ? 'T,' : ''}${outputs}]; weights in ${weights}. Written by Gatewise.`;

function modelCode({ ids, width, sequence, whole }: Shape): string {
  const check = ids
    ? `const checked = (id) => {
  if (Number.isInteger(id) && id >= 0 && id < ${width}) return id;
  throw new RangeError(\`got the id \${id}, wanted a whole number from 0 to ${width - 1}\`);
};`
    : `const checked = (x) => {
  if (x && x.length === ${width}) return Float64Array.from(x);
  throw new RangeError(\`got a step of \${x && x.length} numbers, wanted ${width}\`);
};`;
  const push = whole
    ? `push() {
    throw new Error(${quoted(`${whole}: give the whole sequence to run(x)`)});
  }`
    : `push(step) {
    const y = layers.reduce((v, layer, l) => layer.step(this.#states[l], v), checked(step));
    return Float32Array.from(y);
  }`;
  return `${check}
export class Model {
  #states = layers.map((layer) => layer.start());
  run(x) {
    if (!(x.length > 0)) throw new RangeError(\`got \${x.length} steps, wanted at least one\`);
    const steps = Array.from(x, checked);
    const ys = layers.reduce((vs, layer) => layer.all(vs), steps);
    return ${sequence ? 'ys.map((y) => Float32Array.from(y))' : 'Float32Array.from(ys[0])'};
  }
  ${push}
  reset() {
    this.#states = layers.map((layer) => layer.start());
  }
}`;
}

function typesCode(spec: ModelSpec, shape: Shape, weights: Precision): string {
  const { ids, width, outputs, sequence, whole } = shape;
  const step = ids ? 'number' : 'ArrayLike<number>';
  const stream = `
  /** The next step of a stream, ${ids ? `an id below ${width}` : `[${width}]`}, to y [${outputs}]${sequence ? '' : ', as if the sequence ended here'}. */
  push(step: ${step}): Float32Array;
  /** Begins a new stream. */
  reset(): void;`;
  return `// ${about(spec, shape, weights)}
/** Every instance reads a stream of its own; all share the weights. */
export declare class Model {
  /** A whole sequence, ${ids ? `ids below ${width} [T]` : `[T,${width}]`}, to y [${sequence ? 'T,' : ''}${outputs}]. */
  run(x: ArrayLike<${step}>): Float32Array${sequence ? '[]' : ''};${whole ? '' : stream}
}
`;
}
