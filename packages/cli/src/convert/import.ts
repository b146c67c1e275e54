import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { GatewiseError } from '@gatewise/core';
import type { Fixture } from '@gatewise/interop';
import { Command } from 'commander';

/** `gatewise import`: a model of another library as one of this. */
export function importCommand(): Command {
  return new Command('import')
    .description('read a model of PyTorch, Keras or tf.layers and save it as a model of this library')
    .argument('<file>', 'state_dict in .safetensors, .keras, .h5, or model.json beside its weights')
    .requiredOption('--out <folder>', 'where to; an existing one is never overwritten')
    .option('--nonlinearity <name>', 'of nn.RNN, which its file does not say: tanh or relu')
    .option(
      '--order <modules...>',
      'modules of a state_dict as they run, where their widths allow several orders',
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
  const spec = await readModel(files, told);
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
