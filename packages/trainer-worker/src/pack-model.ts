import type { Trainable } from '@gatewise/plugin';
import { io } from '@tensorflow/tfjs-core';
import type { Trained, WeightValues } from './protocol.js';

/** Weights and artifacts as data of their own, to be moved. */
export async function packModel(model: Trainable): Promise<Pick<Trained, 'weights' | 'artifacts'>> {
  const weights: Record<string, WeightValues> = {};
  for (const [name, weight] of Object.entries(model.weights)) {
    const values = ((await weight.data()) as WeightValues['values']).slice(); // backends hand out their own array
    weights[name] = { shape: weight.shape, dtype: weight.dtype, values };
  }
  if (!model.save) return { weights };
  let artifacts: io.ModelArtifacts | undefined;
  const handler = io.withSaveHandler(async (saved) => {
    artifacts = saved;
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
  });
  await model.save(handler);
  return artifacts ? { weights, artifacts } : { weights };
}

/** The buffers to move. */
export function buffersOf({ weights, artifacts }: Pick<Trained, 'weights' | 'artifacts'>): ArrayBuffer[] {
  const values = Object.values(weights).map(({ values }) => values.buffer as ArrayBuffer);
  const data = artifacts?.weightData ?? [];
  return [...new Set([...values, ...(Array.isArray(data) ? data : [data as ArrayBuffer])])];
}
