import { GatewiseError } from '@gatewise/core';
import {
  type Comparison,
  type Fixture,
  type ImportOptions,
  type ModelSpec,
  readModel,
  verify,
} from '@gatewise/interop';
import { type GoldenFile, isDictionary, need } from './file.js';
import { type GoldenOptions, Skip } from './run.js';

/** Kinds `safetensors` and `keras`: model files beside the golden file, each read by its format and held to what the original computed. */
export async function replayInterchange(file: GoldenFile, { read }: GoldenOptions): Promise<Comparison[]> {
  if (!read) throw new Skip('its model files cannot be read from here');
  const found: Comparison[] = [];
  for (const files of await modelsOf(file, read)) {
    const spec = await readAsked(files.bytes, file);
    const { tensors } = await verify(spec, file.raw as unknown as Fixture);
    found.push(...tensors.map((t) => ({ ...t, tensor: `${files.name}: ${t.tensor}` })));
  }
  return found;
}

type Read = NonNullable<GoldenOptions['read']>;
interface ModelFiles {
  readonly name: string;
  readonly bytes: Uint8Array | ReadonlyMap<string, Uint8Array>;
}

/** The models that a file names, and what the tensorflowjs converter made of the same one, where it lies beside it. */
async function modelsOf({ raw, id, kind }: GoldenFile, read: Read): Promise<ModelFiles[]> {
  const named = Array.isArray(raw.files) ? raw.files.map(String) : [String(need(raw.file, 'file or files'))];
  const converted = `${id.split('/').at(-1)}_tfjs_converter/model.json`;
  const mayBe = kind === 'keras' && !named.some((path) => path.endsWith('model.json'));
  const paths = mayBe && (await read(converted)) ? [...named, converted] : named;
  const json = paths.filter((path) => path.endsWith('model.json'));
  const folders = json.map((path) => path.slice(0, -'model.json'.length));
  const single = paths.filter((path) => !folders.some((folder) => path.startsWith(folder)));
  const must = async (path: string) => need(await read(path), `file "${path}" beside it`);
  return [
    ...(await Promise.all(single.map(async (name) => ({ name, bytes: await must(name) })))),
    ...(await Promise.all(
      json.map(async (name, n) => ({ name, bytes: await withWeights(must, folders[n]!) })),
    )),
  ];
}

/** model.json and the files of weights that it names. */
async function withWeights(must: (path: string) => Promise<Uint8Array>, folder: string) {
  const model = await must(`${folder}model.json`);
  const { weightsManifest } = JSON.parse(new TextDecoder().decode(model)) as {
    weightsManifest: { paths: string[] }[];
  };
  const names = weightsManifest.flatMap(({ paths }) => paths);
  const weights = await Promise.all(names.map(async (name) => [name, await must(folder + name)] as const));
  return new Map([['model.json', model], ...weights]);
}

/** The order of modules is read of the golden file only where the model file does not settle it. */
async function readAsked(bytes: ModelFiles['bytes'], file: GoldenFile): Promise<ModelSpec> {
  const options = optionsOf(file);
  try {
    return await readModel(bytes, options);
  } catch (error) {
    const { tensors } = file.raw;
    const asked = error instanceof GatewiseError && error.code === 'GW_IMPORT_ASK';
    if (!asked || !isDictionary(tensors)) throw error;
    const modules = Object.keys(tensors).map((name) => name.slice(0, Math.max(0, name.lastIndexOf('.'))));
    return readModel(bytes, { ...options, order: [...new Set(modules)] });
  }
}

/** What a model file does not say and the golden file does. */
function optionsOf({ raw }: GoldenFile): ImportOptions {
  const module = isDictionary(raw.module) ? raw.module : {};
  const version = /Keras (\d)/.exec(String(raw.reference))?.[1];
  return {
    // nn.RNN without a nonlinearity is made with its default
    nonlinearity: /relu/i.test(`${module.rnn} ${module.nonlinearity}`) ? 'relu' : 'tanh',
    head: /last|final|h_n/i.test(String(module.head)) ? 'final-state' : 'every-step',
    ...(typeof raw.modelConfig === 'string' && { config: raw.modelConfig }),
    ...(version !== undefined && { kerasVersion: Number(version) === 3 ? 3 : 2 }),
  };
}
