import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readCheckpoint } from './index.js';
import { files, run } from './test-support/countdown.js';

const root = mkdtempSync(join(tmpdir(), 'gatewise-format-'));
const folder = join(root, 'a');
const name = 'step-000000004-epoch-2';
const path = (ending: string) => join(folder, `${name}.${ending}`);
beforeAll(async () => {
  await tf.setBackend('cpu');
  await run([3, 1], { folder });
});
afterAll(() => rmSync(root, { recursive: true }));

it('is read without this library: safetensors and JSON', () => {
  // as FORMAT.md has it, with nothing but Node
  const bytes = readFileSync(path('safetensors'));
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length));
  const { shape, dtype, data_offsets } = header['model/w'];
  const [begin, end] = data_offsets.map((offset: number) => 8 + length + offset);
  const values = new Float32Array(new Uint8Array(bytes.subarray(begin, end)).buffer);
  expect([dtype, shape, [...values]]).toEqual(['F32', [2], [-4, -4]]);
  expect(header.__metadata__).toEqual({ format: 'gatewise-checkpoint', version: '1' });

  const json = JSON.parse(readFileSync(path('json'), 'utf8'));
  expect(json).toMatchObject({
    format: 'gatewise-checkpoint',
    version: 1,
    monitored: { name: 'valLoss', value: 1, mode: 'min' },
    run: {
      run: { seed: 0, loss: null, batchesPerEpoch: null },
      engine: { backend: 'cpu', recurrence: 'ops', kernels: null },
      model: { name: 'countdown', weights: ['w', 'b'], topology: null },
      optimizer: { name: 'SGD', options: { learningRate: 1 }, learningRate: 1, tensors: ['iter'] },
      position: { epoch: 2, batch: 0, step: 4, skipped: 0 },
      open: null,
      history: [{ loss: 98.5, valLoss: 3 }, { valLoss: 1 }],
    },
  });
  expect(Object.keys(json.run).sort().join()).toBe(
    'engine,history,model,open,optimizer,plugins,position,random,run',
  );
});

it('has checksums that sha256sum -c takes, and no other files', () => {
  const sum = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
  expect(readFileSync(path('sha256'), 'utf8')).toBe(
    `${sum(path('safetensors'))}  ${name}.safetensors\n${sum(path('json'))}  ${name}.json\n`,
  );
  expect(files(folder).filter((file) => !/^step-00000000[24]-epoch-[12]\./.test(file))).toEqual([]);
});

it('is written down: every field and every kind of tensor', () => {
  const text = readFileSync(join(import.meta.dirname, '..', 'FORMAT.md'), 'utf8');
  const json = JSON.parse(readFileSync(path('json'), 'utf8'));
  const { run: state, ...own } = json;
  const fields = [...Object.keys(own), ...Object.keys(state).map((key) => `run.${key}`)];
  for (const field of fields) expect(text).toContain(`\`${field}\``);
});

it.each([
  [
    '{"format":"gatewise-checkpoint","version":2}',
    /^GW_CHECKPOINT_VERSION: got version 2 in ".*json", wanted 1/,
  ],
  ['{"format":"other"}', /^GW_CHECKPOINT_CORRUPT: got format "other" in/],
  [
    '{"format":"gatewise-checkpoint","version":1}',
    /^GW_CHECKPOINT_CORRUPT: got format "gatewise-checkpoint"/,
  ],
  ['[', /^GW_CHECKPOINT_CORRUPT: got .* in ".*epoch-2.json", wanted what was saved/],
])('refuses a JSON of %s, though its checksum is right', async (text, message) => {
  const other = mkdtempSync(join(root, 'b-'));
  const [json, tensors] = [Buffer.from(text), readFileSync(path('safetensors'))];
  const sum = (data: Buffer) => createHash('sha256').update(data).digest('hex');
  writeFileSync(join(other, `${name}.json`), json);
  writeFileSync(join(other, `${name}.safetensors`), tensors);
  const sums = `${sum(tensors)}  ${name}.safetensors\n${sum(json)}  ${name}.json\n`;
  writeFileSync(join(other, `${name}.sha256`), sums);
  await expect(readCheckpoint(other)).rejects.toThrow(message);
});
