import { refuseLayer } from '../errors.js';
import type { Activation, Direction, LayerSpec, ModelSpec, RecurrentSpec } from '../model.js';
import type { Dialect } from './activation.js';
import type { Outline } from './topology.js';
import { isMaskMaker } from './write-checks.js';

/** A Sequential model's config in the words of Keras 3 or tf.layers. Errors: `GW_EXPORT_UNSUPPORTED`, by the layer's name. */
export function configOf(
  spec: ModelSpec,
  dialect: Dialect,
): { class_name: string; config: { name: string; layers: { class_name: string; config: object }[] } } {
  const masked = spec.layers.some(isMaskMaker);
  const outlines = spec.layers.map((layer) => outlineOfLayer(layer, dialect, masked));
  const { input } = spec;
  const shape =
    input.kind === 'ids' && spec.layers[0]?.kind === 'embedding'
      ? [null, input.steps]
      : [null, input.steps, input.kind === 'ids' ? input.size : input.width];
  const layers = outlines.map(({ className, config }, n) => ({
    class_name: className,
    config: dialect === 'tf.layers' && n === 0 ? { ...config, batch_input_shape: shape } : config,
  }));
  if (dialect !== 'tf.layers')
    layers.unshift({
      class_name: 'InputLayer',
      config: { name: 'input', batch_shape: shape, dtype: 'float32' },
    });
  return { class_name: 'Sequential', config: { name: spec.name, layers } };
}

/** A layer as a config has it. */
export function outlineOfLayer(layer: LayerSpec, dialect: Dialect, masked: boolean): Outline {
  const { name } = layer;
  switch (layer.kind) {
    case 'recurrent':
      return recurrentOutline(layer, dialect, masked);
    case 'dense': {
      const activation = activationName(name, layer.activation, dialect);
      return {
        className: 'Dense',
        name,
        config: { name, units: layer.W.shape[1], activation, use_bias: layer.bias !== undefined },
      };
    }
    case 'embedding': {
      const [input_dim, output_dim] = layer.table.shape;
      return {
        className: 'Embedding',
        name,
        config: { name, input_dim, output_dim, mask_zero: layer.maskZero },
      };
    }
    case 'masking':
      return { className: 'Masking', name, config: { name, mask_value: layer.value } };
    case 'activation':
      return {
        className: 'Activation',
        name,
        config: { name, activation: activationName(name, layer.activation, dialect) },
      };
    case 'dropout':
      return { className: 'Dropout', name, config: { name, rate: layer.rate } };
  }
}

/** Errors: `GW_EXPORT_UNSUPPORTED` for a hard sigmoid of the other framework. */
function activationName(layer: string, activation: Activation, dialect: Dialect): string {
  const own = dialect === 'keras-3' ? 'hard-sigmoid-6' : 'hard-sigmoid';
  if (activation === own) return 'hard_sigmoid';
  if (!activation.startsWith('hard-sigmoid')) return activation;
  const [here, there] =
    dialect === 'keras-3' ? ['0.2 x + 0.5', '(x + 3) / 6'] : ['(x + 3) / 6', '0.2 x + 0.5'];
  return refuseLayer(
    'GW_EXPORT_UNSUPPORTED',
    layer,
    `got a hard sigmoid of ${here}, clipped; hard_sigmoid of ${dialect} is ${there}`,
    'train with exact sigmoids, or write the model as ONNX',
  );
}

const merges = { concat: 'concat', sum: 'sum', average: 'ave', product: 'mul' } as const;

function recurrentOutline(layer: RecurrentSpec, dialect: Dialect, masked: boolean): Outline {
  const { name, directions, merge, output } = layer;
  check(layer, dialect, masked);
  const sequences = output === 'sequence';
  const zeros = dialect === 'tf.layers' ? {} : { zero_output_for_mask: layer.padding === 'zeros' };
  const cell = cellConfig(layer, dialect);
  const inner = {
    className: cell.className,
    config: {
      ...cell.config,
      units: layer.units,
      use_bias: directions[0]!.bias !== undefined,
      return_sequences: sequences,
      ...zeros,
    },
  };
  if (directions.length === 1) {
    return {
      className: inner.className,
      name,
      config: { name, ...inner.config, go_backwards: directions[0]!.reverse },
    };
  }
  const one = { class_name: inner.className, config: { name: `${name}_cell`, ...inner.config } };
  return {
    className: 'Bidirectional',
    name,
    config: { name, layer: one, merge_mode: merges[merge ?? 'concat'] },
  };
}

function cellConfig({ name, cell }: RecurrentSpec, dialect: Dialect): { className: string; config: object } {
  const say = (activation: Activation) => activationName(name, activation, dialect);
  if (cell.kind === 'rnn') return { className: 'SimpleRNN', config: { activation: say(cell.activation) } };
  if (cell.kind === 'own')
    return no(
      name,
      `got the cell "${cell.name}", which no other framework has`,
      'save the model with its own save()',
    );
  const config = { activation: say(cell.activation), recurrent_activation: say(cell.gates) };
  if (cell.kind === 'gru') return { className: 'GRU', config: { ...config, reset_after: cell.resetAfter } };
  return { className: 'LSTM', config };
}

const no = (name: string, reason: string, wayOut: string): never =>
  refuseLayer('GW_EXPORT_UNSUPPORTED', name, reason, wayOut);

/** What the other framework would compute otherwise. */
function check(layer: RecurrentSpec, dialect: Dialect, masked: boolean): void {
  const { name, cell, directions, output, padding } = layer;
  if (cell.kind === 'lstm' && cell.peepholes)
    no(name, `got peepholes, which ${dialect} does not have`, 'write the model as ONNX');
  if (cell.kind === 'lstm' && cell.output !== cell.activation) {
    no(
      name,
      `got ${cell.activation} for the candidate and ${cell.output} for the memory; ${dialect} has one for both`,
      'write the model as ONNX',
    );
  }
  if (cell.kind === 'gru' && cell.resetAfter && dialect === 'tf.layers') {
    no(
      name,
      'got a GRU that resets after the product; tf.layers has the one that resets before',
      'save the model with its own save() and load this package beside tf.layers, or write it as Keras',
    );
  }
  if (directions.length === 1 && directions[0]!.reverse && output === 'sequence') {
    no(
      name,
      `got a layer that runs backward and gives every step; ${dialect} would give them in reversed order`,
      'use both directions, or give the last output alone',
    );
  }
  if (directions.some(startsElsewhere))
    no(
      name,
      `got initial states, which a layer of ${dialect} does not keep`,
      'take them out of the description and give them in use',
    );
  // what Keras does at masked steps of two directions is fixed; tf.layers always holds
  const fixed = dialect === 'tf.layers' ? 'hold' : directions.length === 2 ? 'zeros' : padding;
  if (masked && output === 'sequence' && padding !== fixed) {
    no(
      name,
      `got ${padding} at masked steps, where ${dialect} has ${fixed}`,
      `build the layer with padding: '${fixed}'`,
    );
  }
}

const startsElsewhere = ({ initial }: Direction) =>
  Object.values(initial ?? {}).some(({ data }) => data.some((v) => v !== 0));
