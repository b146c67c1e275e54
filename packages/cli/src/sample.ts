import { useBackend } from '@gatewise/backends';
import { Command, Option } from 'commander';
import { backendOption, nonEmpty, positive, wholeNumber } from './train/options.js';

interface Options {
  readonly prompt?: string;
  readonly length: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed: number;
  readonly backend: Parameters<typeof useBackend>[0];
  readonly json?: true;
}

/** `gatewise sample`: goes on with a text by the model of a run. */
export function sampleCommand(): Command {
  const number = (flags: string, text: string, least: number, standard?: number) =>
    new Option(flags, text).argParser(wholeNumber(least)).default(standard);
  return new Command('sample')
    .description('go on with a text, by the model of a run')
    .argument('<run>', 'the folder of a run, such as runs/lstm-seed1-1')
    .option('--prompt <text>', 'what to go on with (default: what the run began its samples with)', nonEmpty)
    .addOption(number('--length <n>', 'characters to write', 1, 240))
    .option(
      '--temperature <x>',
      'below 1 bolder in what is likely, above 1 more adventurous, 0: the likeliest alone',
      Number,
      0.7,
    )
    .addOption(number('--top-k <k>', 'draw among the k likeliest alone', 1))
    .option('--top-p <p>', 'draw among the likeliest that reach the probability p together', positive)
    .addOption(number('--seed <n>', 'of what is drawn', 0, 1))
    .addOption(backendOption('cpu'))
    .option('--json', 'the text and how it was made as JSON')
    .option('--debug', 'show the stack of an error')
    .action(write);
}

async function write(run: string, options: Options): Promise<void> {
  const { backend, json, length, temperature, topK, topP, seed } = options;
  const [{ load }, { readRecord }, { sample }] = await Promise.all([
    import('./train/saved-model.js'),
    import('./train/record.js'),
    import('./train/sample.js'),
  ]);
  const { record, folder } = await readRecord(run);
  const info = await useBackend(backend);
  const { network, vocabulary } = await load(folder.path);
  const prompt = options.prompt ?? record.options.prompt ?? (vocabulary.symbols[0] as string);
  const how = { temperature, seed, ...(topK !== undefined && { topK }), ...(topP !== undefined && { topP }) };
  const { text } = await sample(network, vocabulary, { prompt, length, ...how });
  network.dispose();
  const made = { text, prompt, ...how, run: folder.path, backend: info.name, engine: info.engine };
  console.log(json ? JSON.stringify(made, undefined, 2) : text);
}
