import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { GatewiseError } from '@gatewise/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { Command, Option } from 'commander';
import { quantised, standalone, typesOf } from './deploy.js';

/** What is written, and as what. */
const formats = {
  safetensors: 'all weights by their names here, in safetensors',
  pytorch: "a state_dict of nn.LSTM and the like, in safetensors: PyTorch's own names",
  'tf-layers':
    "a folder with model.json and weights.bin of tf.layers' own layers, for programs without this library",
  keras:
    'for Keras 3: an archive for load_model where --out ends in .keras, else weights for load_weights: .weights.h5',
} as const;
type Format = keyof typeof formats;
const names = Object.keys(formats) as Format[];

/** `gatewise export`: the model of a run, or one that was saved, for other libraries. */
export function exportCommand(): Command {
  return new Command('export')
    .description('write a trained model for other libraries')
    .argument('<model>', 'the folder of a run, such as runs/lstm-seed1-1, or of a saved model')
    .addOption(new Option('--to <format>', 'what to write').choices(names))
    .addOption(
      new Option(
        '--standalone',
        'write one ES module with the weights inside, for pages and devices where tf.js is too big',
      ).conflicts('to'),
    )
    .addOption(
      new Option(
        '--quantise <type>',
        'keep weights in fewer bytes: in the module, or alone as safetensors, with a report of what it costs',
      )
        .choices(['f16', 'int8'])
        .conflicts('to'),
    )
    .requiredOption(
      '--out <path>',
      'the file, or for tf-layers the folder; an existing one is never overwritten',
    )
    .option('--debug', 'show the stack of an error')
    .addHelpText('after', `\n${names.map((name) => `  ${name.padEnd(12)} ${formats[name]}`).join('\n')}`)
    .action(act);
}

interface Options {
  readonly to?: Format;
  readonly out: string;
  readonly standalone?: true;
  readonly quantise?: 'f16' | 'int8';
}

async function act(model: string, options: Options, command: Command): Promise<void> {
  const { out } = options;
  if (!options.to && !options.standalone && !options.quantise) {
    command.error('error: got no format, wanted --to <format>, --standalone or --quantise <type>');
  }
  for (const path of options.standalone ? [out, typesOf(out)] : [out]) {
    if (!existsSync(path)) continue;
    throw new GatewiseError('GW_EXPORT_EXISTS', `got --out ${out}, but ${path} exists, wanted a new path`);
  }
  const [{ useBackend }, { modelOf, withoutStates }] = await Promise.all([
    import('@gatewise/backends'),
    import('./model-of.js'),
  ]);
  await useBackend('cpu');
  const network = withoutStates(await modelOf(model));
  const { files, told } = await written(network, options);
  network.dispose();
  for (const [path, file] of files) await save(resolve(path), file);
  console.log(`Wrote ${out}: ${told}`);
}

/** What goes where. Errors: those of the writers. */
async function written(network: LayersModel, { to, out, standalone: module, quantise }: Options) {
  if (module) return standalone(network, out, quantise ?? 'f32');
  if (quantise) return quantised(network, out, quantise);
  return { files: new Map([[out, await write[to!](network, out)]]), told: `${formats[to!]}.` };
}

/** One file, or several by name. */
type Files = Uint8Array | ReadonlyMap<string, Uint8Array>;

const write: Readonly<Record<Format, (network: LayersModel, out: string) => Promise<Files>>> = {
  safetensors: weightsOf,
  pytorch: async (network) => {
    const { describe, writeTorch } = await import('@gatewise/interop');
    return writeTorch(await describe(network));
  },
  'tf-layers': async (network) => {
    const { describe, writeTfLayers } = await import('@gatewise/interop');
    return writeTfLayers(await describe(network));
  },
  keras: async (network, out) => {
    const { describe, writeKeras, writeKerasWeights } = await import('@gatewise/interop');
    return (out.endsWith('.keras') ? writeKeras : writeKerasWeights)(await describe(network));
  },
};

async function weightsOf(network: LayersModel): Promise<Uint8Array> {
  const { entryOf, writeSafetensors } = await import('@gatewise/safetensors');
  const entries = network.weights.map(async (weight) => {
    const values = (await weight.read().data()) as Float32Array;
    return [weight.name, entryOf('F32', weight.shape as number[], values)] as const;
  });
  return writeSafetensors(new Map(await Promise.all(entries)), { format: 'gatewise', model: network.name });
}

/** Beside its place first, then moved: half a file is never there. Errors: `GW_EXPORT_WRITE`. */
async function save(out: string, files: Files): Promise<void> {
  const partial = join(dirname(out), `.${basename(out)}.${process.pid}`);
  try {
    await mkdir(dirname(out), { recursive: true });
    if (files instanceof Uint8Array) await writeFile(partial, files);
    else {
      await mkdir(partial);
      for (const [name, bytes] of files) await writeFile(join(partial, name), bytes);
    }
    await rename(partial, out);
  } catch (cause) {
    await rm(partial, { recursive: true, force: true });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewiseError(
      'GW_EXPORT_WRITE',
      `could not write ${out} (${why}); may it be written, is there space?`,
      {
        cause,
      },
    );
  }
}
