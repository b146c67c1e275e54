export { type LayerNormConfig, LayerNormLSTM, layerNormLstm } from './layer.js';
export { type LayerNormArgs, layerNorm, lstmLayerNorm } from './lstm-layernorm.js';
