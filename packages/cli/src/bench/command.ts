import { styleText } from 'node:util';
import { backendNames } from '@gatewise/backends';
import { Command, Option } from 'commander';
import { cellChoices } from '../train/model.js';
import { wholeNumber } from '../train/options.js';
import { type BenchOptions, type BenchRow, measureAll, type Skipped } from './measure.js';

/** `gatewise bench`. */
export function benchCommand(): Command {
  const size = (flags: string, text: string, standard: number) =>
    new Option(flags, text).argParser(wholeNumber(1)).default(standard);
  return new Command('bench')
    .description('time a training step of a cell on the backends here, beside tf.layers')
    .addOption(new Option('--cell <name>', 'recurrent cell').choices(cellChoices).default('lstm'))
    .addOption(
      new Option('--backends <names...>', 'only these (default: all that start here)').choices(backendNames),
    )
    .addOption(size('--units <n>', 'H: units', 64))
    .addOption(size('--batch <n>', 'B: sequences', 16))
    .addOption(size('--time <n>', 'T: steps of a sequence', 25))
    .addOption(size('--features <n>', 'I: features of a step', 32))
    .addOption(size('--steps <n>', 'training steps that are timed, after one that is not', 10))
    .option('--json', 'the figures as JSON')
    .option('--debug', 'show the stack of an error')
    .action(act);
}

async function act({ json, ...options }: BenchOptions & { json?: true }): Promise<void> {
  const { cell, batch, time, features, units } = options;
  const title = `A training step of ${cell}, B=${batch} T=${time} I=${features} H=${units}: median ms of ${options.steps}`;
  if (!json) console.log(`${styleText('bold', title)}\n${head}`);
  const rows = await measureAll(options, (row) => void (json || console.log(line(row))));
  if (json) console.log(JSON.stringify({ ...options, node: process.version, rows }, undefined, 2));
}

const columns = (backend: string, ours: string, tfLayers: string, faster: string, engine: string) =>
  `  ${backend.padEnd(10)}${ours.padStart(9)}${tfLayers.padStart(11)}${faster.padStart(9)}  ${engine}`;
const head = columns('backend', 'gatewise', 'tf.layers', 'faster', 'engine; driver');

/** A row for people; a backend that was skipped says why. */
export function line(row: BenchRow | Skipped): string {
  if ('why' in row) return `  ${row.backend.padEnd(10)}skipped: ${row.why}`;
  const { backend, ours, tfLayers, engine, driver } = row;
  const times = tfLayers === null ? '–' : `${(tfLayers / ours).toFixed(1)} ×`;
  return columns(backend, ours.toFixed(2), tfLayers?.toFixed(2) ?? '–', times, `${engine}; ${driver}`);
}
