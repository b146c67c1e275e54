import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@gatewise/backends';
import { compare, readOnnx, readOnnxGraph, runOnnx, suggestedLimit, verify } from '@gatewise/interop';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

// Nets that the real torch.onnx.export writes, from the environment of bench/.

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const python = here('../../bench/.peers/python/bin/python');
const there = existsSync(python);
const folder = mkdtempSync(join(tmpdir(), 'gatewise-torch-onnx-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Plain {
  readonly shape: number[];
  readonly data: number[];
}
const names = ['gru_last', 'gru_two_levels', 'lstm', 'lstm_both', 'rnn_relu_time_first'];

const title = there
  ? 'nets of torch.onnx.export'
  : 'nets of torch.onnx.export: npm run setup:peers sets it up';
describe.skipIf(!there)(title, () => {
  beforeAll(async () => {
    await useBackend('cpu');
    const { status, stderr } = spawnSync(python, [here('torch_onnx.py'), folder], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr.slice(-2000));
  }, 300_000);

  const bytes = (name: string) => new Uint8Array(readFileSync(join(folder, `${name}.onnx`)));
  const golden = (name: string) =>
    JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as {
      x: Plain;
      expected: Record<string, Plain>;
    };

  it.each(names)('%s runs as it stands, and gives what PyTorch gives', async (name) => {
    const { x, expected } = golden(name);
    const got = await runOnnx(readOnnxGraph(bytes(name)), { x });
    for (const [key, wanted] of Object.entries(expected)) {
      expect(got[key]?.shape).toEqual(wanted.shape);
      const limit = suggestedLimit(1e-7, wanted.data);
      expect(compare(key, got[key]!.data, wanted.data, () => limit)).toMatchObject({ passed: true });
    }
  });

  it.each(names)('%s becomes a model here, with a certificate', async (name) => {
    const { x, expected } = golden(name);
    const spec = readOnnx(bytes(name));
    const turned = spec.notes.some((note) => note.includes('[time, batch'));
    const steps = (t: Plain) => (turned && t.shape[0] === x.shape[0] ? swapped(t) : t);
    const certificate = await verify(spec, {
      inputs: { x: steps(x) },
      expected: Object.fromEntries(Object.entries(expected).map(([key, t]) => [key, steps(t)])),
      float32Error: { expected: Object.fromEntries(Object.keys(expected).map((key) => [key, 1e-7])) },
    });
    expect(certificate).toMatchObject({ passed: true });
    expect(certificate.tensors).toHaveLength(Object.keys(expected).length);
  });
});

/** [T,B,F] as [B,T,F]. */
function swapped({ shape, data }: Plain): Plain {
  const [T, B, F] = shape as [number, number, number];
  const out = data.map((_, i) => {
    const [b, t, f] = [Math.floor(i / (T * F)), Math.floor(i / F) % T, i % F];
    return data[(t * B + b) * F + f] as number;
  });
  return { shape: [B, T, F], data: out };
}
