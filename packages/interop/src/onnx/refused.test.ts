import { useBackend } from '@gatewise/backends';
import { recurrent } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { first } from '../../test/nets.js';
import { describe as describeModel } from '../describe.js';
import { decode, encode } from './protobuf.js';
import { readOnnx } from './read.js';
import { modelSchema, type RawAttribute, type RawModel } from './schema.js';
import { writeOnnx } from './write.js';

beforeAll(() => useBackend('cpu'));

/** A net with one LSTM whose node has one attribute more. */
async function lstmWith(attribute: RawAttribute): Promise<Uint8Array> {
  const model = tf.sequential({ layers: [recurrent({ ...first, cell: 'lstm' })] });
  const raw = decode(writeOnnx(await describeModel(model)), modelSchema) as RawModel;
  const nodes = raw.graph!.nodes!.map((node) =>
    node.op === 'LSTM'
      ? { ...node, name: 'memory', attributes: [...(node.attributes ?? []), attribute] }
      : node,
  );
  return encode({ ...raw, graph: { ...raw.graph, nodes } }, modelSchema);
}

it.each<[string, RawAttribute, RegExp]>([
  [
    'clip',
    { name: 'clip', type: 1, f: 3 },
    /layer "memory": got LSTM with clip.*; wanted none: train without/,
  ],
  ['input_forget', { name: 'input_forget', type: 2, i: 1 }, /layer "memory":.*coupled.*plugin-cell-coupled/],
  [
    'a branch',
    { name: 'then_branch', type: 5 },
    /layer "memory":.*a branch or a loop, in "then_branch"; cut/,
  ],
  ['a sparse tensor', { name: 'value', type: 11 }, /layer "memory": got LSTM with the type 11.*ONNX Runtime/],
])('%s is refused by the node’s name with the way out', async (_, attribute, message) => {
  const file = await lstmWith(attribute);
  expect(() => readOnnx(file)).toThrow(/^GW_IMPORT_UNSUPPORTED: /);
  expect(() => readOnnx(file)).toThrow(message);
});

it('an LSTM with input_forget 0 and the usual attributes is read', async () => {
  const file = await lstmWith({ name: 'input_forget', type: 2, i: 0 });
  expect(readOnnx(file).layers).toHaveLength(1);
});
