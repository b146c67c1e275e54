export { type ArrayBatchOptions, batches, type Nested, type Numbers, type Samples } from './arrays.js';
export { type BaselineOptions, bigramBits, unigramBits } from './baselines.js';
export type { BatchSource, DataBatch } from './batch.js';
export { type Padded, type PairBatch, padded, pairs } from './pairs.js';
export { type RaggedOptions, ragged, type Sequence } from './ragged.js';
export { type Sliceable, type Split, split } from './split.js';
export { type StreamOptions, streams } from './streams.js';
export { type Vocabulary, type VocabularyOptions, vocabulary, vocabularyOf } from './vocabulary.js';
export { type WindowOptions, windows } from './windows.js';
