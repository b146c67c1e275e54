import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join as path } from 'node:path';
import type { Case } from '../cases.js';
import { npmPeers, python } from '../peers/places.js';
import { type Data, join, type Prepared } from './data.js';

interface Ort {
  readonly InferenceSession: { create(file: string, options: object): Promise<Session> };
  readonly Tensor: new (type: 'float32', values: Float32Array, shape: readonly number[]) => OrtTensor;
  readonly env: { readonly versions: { readonly common: string; readonly node?: string } };
}
type OrtTensor = { readonly data: Float32Array };
interface Session {
  readonly outputNames: readonly string[];
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
}

const load = () => createRequire(`${npmPeers}/`)('onnxruntime-node') as Ort;

export function ready(): string {
  const { versions } = load().env;
  return `onnxruntime-node ${versions.node ?? versions.common}`;
}

/** One step with its states in and out. The model file is made by the `onnx` of the Python peers. */
export async function prepare({ cell, I, H }: Case, data: Data): Promise<Prepared> {
  const { InferenceSession, Tensor } = load();
  const file = modelFile(cell, data);
  const session = await InferenceSession.create(file, { intraOpNumThreads: 2, interOpNumThreads: 1 });
  rmSync(dirname(file), { recursive: true });
  const states = session.outputNames.slice(1); // Y, then Y_h, Y_c
  const zero = () => new Tensor('float32', new Float32Array(H), [1, 1, H]);
  let feeds: Record<string, OrtTensor> = Object.fromEntries(
    states.map((name) => [name.replace('Y', 'in'), zero()]),
  );
  const step = async (X: OrtTensor) => {
    const out = await session.run({ X, ...feeds });
    feeds = Object.fromEntries(states.map((name) => [name.replace('Y', 'in'), out[name]!]));
    return out.Y!;
  };
  const inputs = data.array('x');
  const input = (t: number) => new Tensor('float32', inputs.slice(t * I, (t + 1) * I), [1, 1, I]);
  const outputs: Float32Array[] = [];
  for (let t = 0; t < inputs.length / I; t++) outputs.push(Float32Array.from((await step(input(t))).data));
  const x = input(0);
  return { result: join(outputs), run: () => step(x) };
}

function modelFile(cell: string, data: Data): string {
  const folder = mkdtempSync(path(tmpdir(), 'gatewise-onnx-'));
  const weights = Object.fromEntries(
    ['W', 'R', 'b'].map((name) => [name, { shape: data.shape(name), values: [...data.array(name)] }]),
  );
  const file = path(folder, 'model.onnx');
  const done = spawnSync(python.program, [path(python.scripts, 'onnx_model.py'), file], {
    input: JSON.stringify({ cell, weights }),
    encoding: 'utf8',
  });
  if (done.status !== 0)
    throw new Error(`onnx_model.py made no model: ${done.stderr ?? done.error?.message}`);
  return file;
}
