import { runLayer, type Stateful } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import type { ModelSpec, Values } from './model.js';

type Layer = layers.layers.Layer;

/** The named outputs of a description (its `outputs`) for one input, from the model that was built of it. */
export async function runModel(
  { outputs }: ModelSpec,
  model: layers.LayersModel,
  x: tf.Tensor, // [B,T,I], or ids [B,T]
): Promise<Record<string, Values>> {
  const made = tf.tidy(() => {
    const at = valuesAt(model, x, [
      ...new Set(
        outputs.flatMap((o) =>
          o.from === 'layer'
            ? [model.getLayer(o.layer).output]
            : o.layers.map((name) => model.getLayer(name).input),
        ),
      ),
    ] as layers.SymbolicTensor[]);
    return outputs.map((output) => {
      if (output.from === 'layer') return at(model.getLayer(output.layer).output);
      const finals = output.layers.flatMap((name) => finalsOf(model, model.getLayer(name), at, output.state));
      return tf.stack(finals); // [layers · directions, B, H]
    });
  });
  const read = await Promise.all(
    made.map(async (t) => ({ shape: t.shape, data: (await t.data()) as Float32Array })),
  );
  tf.dispose(made);
  return Object.fromEntries(outputs.map(({ name }, n) => [name, read[n]!]));
}

type At = (symbol: Layer['output']) => tf.Tensor;

/** What stands at some places of a model's graph. */
function valuesAt(model: layers.LayersModel, x: tf.Tensor, places: layers.SymbolicTensor[]): At {
  const inner = places.filter((place) => place !== model.inputs[0]);
  const probe = layers.model({ inputs: model.inputs, outputs: inner });
  const got = probe.predict(x, { batchSize: x.shape[0]! });
  const list = Array.isArray(got) ? got : [got];
  return (symbol) => (symbol === model.inputs[0] ? x : list[inner.indexOf(symbol as layers.SymbolicTensor)]!);
}

/** The final values of a state, a direction each. */
function finalsOf(model: layers.LayersModel, layer: Layer, at: At, state: string): tf.Tensor[] {
  const mask = maskOf(model, at);
  const stateful = layer as unknown as Stateful;
  const ran = runLayer(stateful, at(layer.input), undefined, mask ? { mask } : {});
  const finals = stateful.states.flatMap(({ name }, k) =>
    name === state || name.endsWith(`/${state}`) ? [tf.clone(ran.state.tensors[k]!)] : [],
  );
  ran.state.dispose();
  return finals;
}

/** The mask [B,T] that layers of this model hand on, where one makes masks. */
function maskOf(model: layers.LayersModel, at: At): tf.Tensor | undefined {
  const maker = model.layers.find(
    (layer) => layer.getClassName() === 'Masking' || (layer as { maskZero?: boolean }).maskZero,
  );
  return maker && (maker.computeMask(at(maker.input)) as tf.Tensor);
}
