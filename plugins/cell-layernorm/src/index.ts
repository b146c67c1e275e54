export { type LayerNormArgs, layerNorm, lstmLayerNorm } from './lstm-layernorm.js';
