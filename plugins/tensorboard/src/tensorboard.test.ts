import '@tensorflow/tfjs';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { PbfReader } from 'pbf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { histogramOf } from './histogram.js';
import { tensorboard } from './index.js';
import { encodeRecord, maskedCrc } from './record.js';
import { runWithTensorboard } from './test-support/run.js';

const folder = mkdtempSync(join(tmpdir(), 'gatewise-tensorboard-'));
beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The records of a file, checked. */
function records(file: string): Uint8Array[] {
  const bytes = new Uint8Array(readFileSync(file));
  const view = new DataView(bytes.buffer);
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    const data = bytes.slice(at + 12, at + 12 + length);
    expect(view.getUint32(at + 8, true)).toBe(maskedCrc(bytes.subarray(at, at + 8)));
    expect(view.getUint32(at + 12 + length, true)).toBe(maskedCrc(data));
    found.push(data);
    at += 16 + length;
  }
  return found;
}
/** step, version, tags of an event. */
function readEvent(data: Uint8Array) {
  const event = { step: 0, version: '', tags: [] as string[], restart: false };
  new PbfReader(data).readFields((field, e, pbf) => {
    if (field === 2) e.step = pbf.readVarint();
    if (field === 3) e.version = pbf.readString();
    if (field === 7) e.restart = true;
    if (field === 5) {
      pbf.readMessage((inner, _, value) => {
        if (inner !== 1) return;
        value.readMessage((tag, __, v) => {
          if (tag === 1) e.tags.push(v.readString());
        }, null);
      }, null);
    }
  }, event);
  return event;
}
const eventsIn = (name: string) =>
  readdirSync(join(folder, name))
    .sort()
    .map((file) => records(join(folder, name, file)).map(readEvent));

describe('records', () => {
  it('are those of TFRecord', () => {
    // CRC-32C of "123456789" is e3069283
    expect(maskedCrc(new TextEncoder().encode('123456789'))).toBe(
      (((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0,
    );
    expect([...encodeRecord(Uint8Array.of(7))].slice(0, 8)).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe('histogramOf', () => {
  it('counts every number once, up to and with the limit of its bucket', () => {
    const h = histogramOf([0, 1, 2, 3, Number.NaN, Number.POSITIVE_INFINITY])!;
    expect(h).toMatchObject({ min: 0, max: 3, num: 4, sum: 6, sumOfSquares: 14 });
    expect(h.counts.reduce((a, b) => a + b)).toBe(4);
    expect([h.counts[0], h.counts[9], h.counts[19], h.counts[29]]).toEqual([1, 1, 1, 1]);
    expect(h.limits.at(-1)).toBe(3);
    expect(histogramOf([2, 2])).toMatchObject({ limits: [2], counts: [2] });
    expect(histogramOf([Number.NaN])).toBeUndefined();
  });
});

describe('tensorboard', () => {
  it('writes scalars, histograms on the steps asked for, and texts', async () => {
    await runWithTensorboard({ folder: join(folder, 'a'), every: 2, histograms: 3 });
    const [events] = eventsIn('a');
    expect(events?.[0]).toMatchObject({ version: 'brain.Event:2', step: 0 });
    const at = (step: number) =>
      events
        ?.filter((e) => e.step === step && !e.version)
        .flatMap(({ tags }) => tags)
        .sort();
    const histograms = ['weights/w', 'weights/b', 'gradients/w', 'gradients/b'];
    expect(at(0)).toEqual([...histograms].sort());
    expect(at(1)).toEqual([]);
    expect(at(2)).toEqual(['extra', 'loss']);
    expect(at(3)).toEqual([...histograms, 'epoch/loss', 'epoch/extra', 'epoch/valLoss', 'sample'].sort());
    expect(at(6)).toEqual(['extra', 'loss', 'epoch/loss', 'epoch/extra', 'epoch/valLoss', 'sample'].sort());
  });

  it('writes a file a run into one folder, and nothing in a dry run', async () => {
    await runWithTensorboard({ folder: join(folder, 'b') });
    await runWithTensorboard({ folder: join(folder, 'b') });
    expect(eventsIn('b')).toHaveLength(2);
    await runWithTensorboard({ folder: join(folder, 'dry') }, { fastDevRun: true });
    expect(readdirSync(folder)).not.toContain('dry');
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    await runWithTensorboard({ folder: join(folder, 'c'), histograms: 1 });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('says where it could not write, and refuses bad options', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(runWithTensorboard({ folder: join(folder, 'file', 'x') })).rejects.toThrow(
      /GW_TENSORBOARD_WRITE: could not write events into ".*x"/,
    );
    expect(() => tensorboard({ folder: '' })).toThrow('GW_TENSORBOARD_OPTIONS: got folder ""');
    expect(() => tensorboard({ folder: 'a', every: 0 })).toThrow('GW_TENSORBOARD_OPTIONS: got every 0');
    expect(() => tensorboard({ folder: 'a', histograms: 1.5 })).toThrow('got histograms 1.5');
  });
});
