import { describe } from 'vitest';
import { whyNot } from '../on-backend.js';
import { seq2seqSuite } from './seq2seq-suite.js';

const reason = await whyNot('webgpu');

/** Where the driver runs on the CPU this takes minutes. */
describe.skipIf(reason !== null)(reason === null ? 'in Node' : `skipped: ${reason}`, () => {
  seq2seqSuite('webgpu', 'webgpu');
});
