/**
 * Which masks are meant for a layer. While it runs a model, tf.layers 4.22 hands every layer the last mask it met, also
 * one of another branch (`kwargs.mask` of its `execute` is never cleared): the decoder of a masked encoder would be masked
 * by the encoder's mask. So the graph is asked whether a mask can reach the layer at all.
 */
import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';

type Layer = layers.Layer;

/** Where the mask of a tensor would come from: a layer that makes masks, the model's own input, or nowhere. */
type Origin = 'made' | 'input' | 'none';

/** True when a mask handed to `layer` during the run of a model can be its input's. */
export function maskCanReach(layer: Layer): boolean {
  const origins = layer.inboundNodes.map((node) => originOf(node.inputTensors[0]));
  if (origins.length === 0 || origins.includes('made')) return true;
  // from outside: an outer model, or model.apply(x, { mask }); unless this model makes masks itself, elsewhere
  return origins.includes('input') && !graphOf(layer).some(makesMask);
}

function originOf(x: SymbolicTensor | undefined): Origin {
  if (!x) return 'none';
  const layer = x.sourceLayer;
  if (layer.getClassName() === 'InputLayer') return 'input';
  if (makesMask(layer)) return 'made';
  // an embedding has a step for a step, and passes a mask on though it does not say so
  if (!layer.supportsMasking && layer.getClassName() !== 'Embedding') return 'none';
  if ((layer as { returnSequences?: boolean }).returnSequences === false) return 'none';
  const origins = x.inputs.map(originOf);
  return origins.includes('made') ? 'made' : origins.includes('input') ? 'input' : 'none';
}

const makesMask = (layer: Layer): boolean =>
  ['Masking', 'GatewiseLengths'].includes(layer.getClassName()) ||
  (layer.getClassName() === 'Embedding' && layer.supportsMasking);

/** Every layer that is connected to this one. */
function graphOf(start: Layer): Layer[] {
  const seen = new Set<Layer>([start]);
  for (const layer of seen) {
    for (const node of layer.inboundNodes) for (const before of node.inboundLayers) seen.add(before);
    for (const node of layer.outboundNodes) seen.add(node.outboundLayer);
  }
  return [...seen];
}
