export {
  type AdditiveAttentionConfig,
  type AttentionConfig,
  AttentionLayer,
  additiveAttention,
  dotAttention,
  generalAttention,
  type Memory,
} from './attention-layer.js';
export { type BeamDecoded, type BeamOptions, beam } from './beam.js';
export type { Seq2SeqConfig, TargetConfig } from './config.js';
export type { Decoded, DecodeOptions, Sources } from './decoding.js';
export { greedy, type SampleOptions, sample } from './draw-outputs.js';
export { type Encoded, type Seq2Seq, seq2seq } from './model.js';
export { loadSeq2Seq, saveSeq2Seq, setWeights } from './save.js';
export {
  type LossOf,
  type PairBatch,
  type TeacherForcingOptions,
  type TrainableSeq2Seq,
  teacherForcing,
} from './teacher-forcing.js';
export { constantTruth, inverseSigmoidTruth, linearTruth, type TruthRate } from './truth-rate.js';
