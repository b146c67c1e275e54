import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GatewiseError } from '@gatewise/core';
import { type RecurrentLayer, recurrent } from '@gatewise/layers';
import { modelFolder } from '@gatewise/plugin-checkpoint';
import { type LayersModel, layers, loadLayersModel, sequential } from '@tensorflow/tfjs-layers';

/** The model of a run folder, or of a folder that a model was saved in. Errors: `GW_RUN_MODEL`, those of `modelFolder`. */
export async function modelOf(folder: string): Promise<LayersModel> {
  const found = [join(folder, 'model'), folder].find((path) => existsSync(join(path, 'model.json')));
  if (found !== undefined) return loadLayersModel(modelFolder(found));
  throw new GatewiseError(
    'GW_RUN_MODEL',
    `got ${folder}, which holds no model.json and no model/model.json, wanted a run that has ended, or a saved model`,
  );
}

/**
 * The character model of a run with no states going in and out: ids [B,T] → logits [B,T,V], from zero states; other formats
 * have no place for them. Any other model is given back as it is.
 */
export function withoutStates(network: LayersModel): LayersModel {
  if (network.inputs.length === 1) return network;
  const layer = network.getLayer('recurrent') as RecurrentLayer;
  const { settings } = layer;
  const head = network.getLayer('head');
  const [, , V] = network.outputs[0]!.shape as [null, null, number];
  const plain = sequential({
    name: network.name,
    layers: [
      recurrent({
        cell: settings.cell,
        units: settings.units,
        inputDim: V,
        inputShape: [null],
        dtype: 'int32',
        returnSequences: true,
        name: 'recurrent',
      }),
      layers.dense({ units: V, name: 'head' }),
    ],
  });
  plain.getLayer('recurrent').setWeights(layer.getWeights());
  plain.getLayer('head').setWeights(head.getWeights());
  network.dispose();
  return plain;
}
