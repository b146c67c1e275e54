import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { GatewiseError } from '@gatewise/core';
import type { Fixture, ImportOptions } from '@gatewise/interop';
import { Command, Option } from 'commander';

/** `gatewise import`: a model of another library as one of this. */
export function importCommand(): Command {
  return new Command('import')
    .description('read a model of PyTorch, Keras or tf.layers and save it as a model of this library')
    .argument('<file>', 'state_dict in .safetensors, .keras, .h5, or model.json beside its weights')
    .requiredOption('--out <folder>', 'where to; an existing one is never overwritten')
    .addOption(
      new Option('--nonlinearity <name>', 'of nn.RNN, which its file does not say').choices(['tanh', 'relu']),
    )
    .option(
      '--order <modules...>',
      'modules of a state_dict as they run, where their widths allow several orders',
    )
    .option(
      '--embeddings <modules...>',
      'those of a state_dict that are nn.Embedding, where it could be nn.Linear',
    )
    .option('--activations <module=name...>', 'what follows nn.Linear where it is not the last: fc1=relu')
    .addOption(
      new Option('--head <reads>', 'what modules after the recurrent ones read').choices([
        'every-step',
        'final-state',
      ]),
    )
    .option('--config <file>', 'model.to_json() of Keras, for weights that lie alone in .weights.h5')
    .addOption(
      new Option(
        '--keras-version <number>',
        'which Keras wrote the file, where hard_sigmoid depends on it',
      ).choices(['2', '3']),
    )
    .option(
      '--fixture <file>',
      'golden inputs and what the original computed for them (rnn-golden/1): held against this model',
    )
    .option('--json', 'the certificate as JSON')
    .option('--debug', 'show the stack of an error')
    .action(act);
}

interface Options {
  readonly out: string;
  readonly nonlinearity?: 'tanh' | 'relu';
  readonly order?: readonly string[];
  readonly embeddings?: readonly string[];
  readonly activations?: readonly string[];
  readonly head?: 'every-step' | 'final-state';
  readonly config?: string;
  readonly kerasVersion?: '2' | '3';
  readonly fixture?: string;
  readonly json?: true;
}

async function act(file: string, { out, json, fixture, ...told }: Options): Promise<void> {
  if (existsSync(out)) {
    throw new GatewiseError('GW_IMPORT_EXISTS', `got --out ${out}, which exists, wanted a new folder`);
  }
  const files = await readFiles(file);
  const [{ useBackend }, { build, certificateText, readModel, unverified, verify }, { modelFolder }] =
    await Promise.all([
      import('@gatewise/backends'),
      import('@gatewise/interop'),
      import('@gatewise/plugin-checkpoint'),
    ]);
  await useBackend('cpu');
  const spec = await readModel(files, await asked(told));
  const model = build(spec);
  const golden = fixture === undefined ? undefined : parseFixture(await readFiles(fixture), fixture);
  const certificate = golden ? await verify(spec, golden, model) : unverified(spec);
  await model.save(modelFolder(out));
  model.dispose();
  await writeFile(join(out, 'certificate.json'), `${JSON.stringify(certificate, undefined, 2)}\n`);
  console.log(
    json ? JSON.stringify(certificate, undefined, 2) : `${certificateText(certificate)}\nSaved: ${out}`,
  );
  if (certificate.passed === false) process.exitCode = 1;
}

/** What the file does not say, as the reader takes it. Errors: `GW_IMPORT_FILE`. */
async function asked({
  activations,
  config,
  kerasVersion,
  ...rest
}: Omit<Options, 'out' | 'json' | 'fixture'>): Promise<ImportOptions> {
  const pairs = activations?.map((pair) => [
    pair.slice(0, pair.lastIndexOf('=')),
    pair.slice(pair.lastIndexOf('=') + 1),
  ]);
  return {
    ...rest,
    ...(pairs && { activations: Object.fromEntries(pairs) as NonNullable<ImportOptions['activations']> }),
    ...(config !== undefined && {
      config: new TextDecoder().decode((await readFiles(config)) as Uint8Array),
    }),
    ...(kerasVersion !== undefined && { kerasVersion: kerasVersion === '3' ? 3 : 2 }),
  };
}

/** Errors: `GW_IMPORT_FIXTURE`. */
function parseFixture(file: Uint8Array | Map<string, Uint8Array>, path: string): Fixture {
  try {
    return JSON.parse(new TextDecoder().decode(file as Uint8Array)) as Fixture;
  } catch (cause) {
    throw new GatewiseError('GW_IMPORT_FIXTURE', `got ${path}, which is no JSON, wanted golden inputs`, {
      cause,
    });
  }
}

/** A file, or model.json with all that lies beside it. Errors: `GW_IMPORT_FILE`. */
async function readFiles(path: string): Promise<Uint8Array | Map<string, Uint8Array>> {
  try {
    const folder = (await stat(path)).isDirectory() ? path : dirname(path);
    if (folder !== path && basename(path) !== 'model.json') return await readFile(path);
    const entries = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
    const pairs = entries.map(async ({ name }) => [name, await readFile(join(folder, name))] as const);
    return new Map(await Promise.all(pairs));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewiseError('GW_IMPORT_FILE', `could not read ${path} (${why}), wanted a model's file`, {
      cause,
    });
  }
}
