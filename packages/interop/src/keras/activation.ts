import { plainActivations } from '../activations.js';
import { refuseLayer } from '../errors.js';
import type { Activation, CellActivation } from '../model.js';
import { field, type Json } from './json.js';

/** Which framework a config is of: what `hard_sigmoid` means depends on it. */
export type Dialect = 'keras-2' | 'keras-3' | 'tf.layers';

const plain: ReadonlyMap<string, Activation> = new Map(plainActivations.map((name) => [name, name]));
const inCells: readonly string[] = ['tanh', 'sigmoid', 'relu', 'linear', 'hard-sigmoid', 'hard-sigmoid-6'];

/** An activation of a layer's config. Errors: `GW_IMPORT_ASK`, `GW_IMPORT_UNSUPPORTED`, by the layer's name. */
export function activationOf(
  layer: string,
  config: Json,
  key: string,
  dialect: Dialect | undefined,
): Activation {
  const given = field(config, key);
  // written as an object: { class_name: 'function', config: 'tanh' }
  const inner = field(given, 'config');
  const name = given === null ? 'linear' : typeof inner === 'string' ? inner : given;
  if (name === 'hard_sigmoid' || name === 'hardSigmoid') {
    if (dialect) return dialect === 'keras-3' ? 'hard-sigmoid-6' : 'hard-sigmoid';
    return refuseLayer(
      'GW_IMPORT_ASK',
      layer,
      `got ${key} hard_sigmoid from a file that does not say which Keras wrote it: Keras 2 has 0.2 x + 0.5, Keras 3 (x + 3) / 6, clipped to [0, 1]`,
      'say it with kerasVersion: 2 or 3',
    );
  }
  if (given === undefined) {
    return refuseLayer(
      'GW_IMPORT_ASK',
      layer,
      `got no ${key} in its config`,
      'save the model with a Keras that writes it (2.0 or later)',
    );
  }
  return (
    plain.get(name === 'silu' ? 'swish' : String(name)) ??
    refuseLayer(
      'GW_IMPORT_UNSUPPORTED',
      layer,
      `got ${key} ${JSON.stringify(given).slice(0, 80)}, wanted one of ${[...plain.keys()].join(', ')}, hard_sigmoid`,
      'retrain with one of them, or save its function as a layer that tf.layers has',
    )
  );
}

/** The same inside a recurrent cell, where what engines can run is narrower. */
export function cellActivationOf(
  layer: string,
  config: Json,
  key: string,
  dialect: Dialect | undefined,
): CellActivation {
  const activation = activationOf(layer, config, key, dialect);
  if (inCells.includes(activation)) return activation as CellActivation;
  return refuseLayer(
    'GW_IMPORT_UNSUPPORTED',
    layer,
    `got ${key} ${activation} inside a recurrent cell, wanted tanh, sigmoid, relu, linear or hard_sigmoid: a cell is made of sums, products, σ, tanh and relu`,
    'retrain with one of them',
  );
}
