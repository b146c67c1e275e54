export {
  type CharacterOptions,
  characters,
  type SamplerOptions,
  sampler,
  type Write,
  type WriteContext,
} from './sampler.js';
export { type Symbols, type TextModel, type WriteOptions, writeText } from './write-text.js';
