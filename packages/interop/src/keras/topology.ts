import { refuse, refuseLayer } from '../errors.js';
import { field, isObject, type Json } from './json.js';

/** A layer as a config describes it. */
export interface Outline {
  readonly className: string;
  readonly name: string;
  readonly config: Json;
}
/** A model whose layers run one after the other. */
export interface Topology {
  readonly name: string;
  /** Without input layers. */
  readonly layers: readonly Outline[];
  /** [batch, …], from an input layer or the first layer's config; undefined where none says it. */
  readonly inputShape: readonly unknown[] | undefined;
  /** Config of Keras 3, which alone has `batch_shape`. */
  readonly keras3: boolean;
}

/** The layers of a Keras config, Sequential or a Functional chain. Errors: `GW_IMPORT_FORMAT`, `GW_IMPORT_UNSUPPORTED`. */
export function topologyOf(model: Json): Topology {
  const className = String(field(model, 'class_name'));
  const config = field(model, 'config');
  // Keras before 2.2.3 wrote the list of a Sequential itself
  const list = Array.isArray(config) ? config : field(config, 'layers');
  if (!Array.isArray(list) || list.length === 0 || list.length > 10_000) {
    return refuse(
      'GW_IMPORT_FORMAT',
      `got a model config of class "${className}" without layers, wanted a Sequential or Functional model`,
    );
  }
  if (!['Sequential', 'Functional', 'Model'].includes(className)) {
    refuse(
      'GW_IMPORT_UNSUPPORTED',
      `got a model of class "${className}", wanted Sequential or Functional: a subclass is code, not data; rebuild it of layers and save that`,
    );
  }
  const all = list.map((json) => ({ json, outline: outlineOf(json) }));
  if (className !== 'Sequential') checkChain(config as Json, all);
  const inputs = all.filter(({ outline }) => outline.className === 'InputLayer');
  const layers = all
    .filter(({ outline }) => outline.className !== 'InputLayer')
    .map(({ outline }) => outline);
  if (layers.length === 0) refuse('GW_IMPORT_FORMAT', 'got a model with no layer but its input');
  const names = layers.map(({ name }) => name);
  const twice = names.find((name, n) => names.indexOf(name) < n);
  if (twice !== undefined)
    refuse('GW_IMPORT_FORMAT', `got the layer "${twice}" twice, wanted names that are each used once`);
  const first = (inputs[0]?.outline ?? layers[0]!).config;
  const shape =
    field(first, 'batch_shape') ?? field(first, 'batch_input_shape') ?? field(config, 'build_input_shape');
  const name = field(config, 'name');
  return {
    name: typeof name === 'string' ? name : 'model',
    layers,
    inputShape: Array.isArray(shape) ? shape : undefined,
    keras3: all.some(({ outline }) => field(outline.config, 'batch_shape') !== undefined),
  };
}

/** One layer of a config, also one inside a wrapper. Errors: `GW_IMPORT_FORMAT`. */
export function outlineOf(json: unknown): Outline {
  const className = field(json, 'class_name');
  const config = field(json, 'config');
  const name = field(config, 'name') ?? field(json, 'name');
  if (typeof className === 'string' && isObject(config) && typeof name === 'string' && name !== '') {
    return { className, name, config };
  }
  return refuse('GW_IMPORT_FORMAT', 'got a layer without class_name, config and name; the config is damaged');
}

/** A Functional model must be a chain: every layer reads the one before it, once. */
function checkChain(config: Json, all: readonly { json: unknown; outline: Outline }[]): void {
  const ends = ['input_layers', 'output_layers'].map((end) => field(config, end));
  const several = ends.findIndex((end) => Array.isArray(end) && end.length > 1 && Array.isArray(end[0]));
  if (several >= 0) {
    const what = several === 0 ? 'inputs' : 'outputs';
    refuse(
      'GW_IMPORT_UNSUPPORTED',
      `got a model with several ${what}, wanted a chain from one input to one output; save the part that is a chain as a model of its own`,
    );
  }
  let before: string | undefined;
  for (const { json, outline } of all) {
    const sources = inboundNames(field(json, 'inbound_nodes'));
    const expected = before === undefined ? [] : [before];
    if (sources.join('\n') !== expected.join('\n')) {
      refuseLayer(
        'GW_IMPORT_UNSUPPORTED',
        outline.name,
        `got a graph in which it reads ${sources.join(' and ') || 'nothing'}, wanted a chain, where it reads ${expected[0] ?? 'nothing'}`,
        'save the part that is a chain as a model of its own, or export the whole as ONNX',
      );
    }
    before = outline.name;
  }
}

/** The layers that inbound nodes name: [["input", 0, 0, {}]] of Keras 2, keras_history of Keras 3. */
function inboundNames(nodes: unknown): string[] {
  const names: string[] = [];
  const visit = (node: unknown, depth: number): void => {
    if (depth > 12) return;
    if (Array.isArray(node)) {
      if (typeof node[0] === 'string' && typeof node[1] === 'number') names.push(node[0]);
      else for (const inner of node) visit(inner, depth + 1);
      return;
    }
    const history = field(node, 'keras_history');
    if (Array.isArray(history)) names.push(String(history[0]));
    else for (const key of ['args', 'config']) visit(field(node, key), depth + 1);
  };
  visit(nodes, 0);
  return names;
}
