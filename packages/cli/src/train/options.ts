import { type BackendName, backendNames } from '@gatewise/backends';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type CellName, cellChoices } from './model.js';

/** What the command line decides about a run. */
export interface TextOptions {
  readonly cell: CellName;
  readonly backend: BackendName;
  readonly seed: number;
  /** Absent: `defaultSteps` of the engine. */
  readonly steps?: number;
  /** Ends training early, never later. */
  readonly minutes?: number;
  /** H: units. */
  readonly units: number;
  /** B: streams that are read side by side. */
  readonly batch: number;
  /** T: characters of a window. */
  readonly time: number;
  /** Characters of held-out text that are scored, at most. */
  readonly heldOut: number;
  /** What the samples begin with; absent: how the text does. */
  readonly prompt?: string;
  /** Characters of a sample. */
  readonly sample: number;
  /** The folder that run folders are in. */
  readonly runs: string;
  /** The folder under it; made up from the rest when absent. */
  readonly name?: string;
  readonly json?: true;
}

/** About a minute of work on 2 cores; `ops`, without a fused engine, is several times slower. */
export const defaultSteps = (engine: string) => (engine === 'ops' ? 200 : 800);

/** Adds the options of a run to a command. */
export function withTextOptions(command: Command, backend: BackendName): Command {
  const about = `about a minute on 2 cores, ${defaultSteps('native')}, or ${defaultSteps('ops')} without a fused engine`;
  const number = (flags: string, text: string, least: number, standard?: number) =>
    new Option(flags, text).argParser(wholeNumber(least)).default(standard);
  return command
    .addOption(new Option('--cell <name>', 'recurrent cell').choices(cellChoices).default('lstm'))
    .addOption(backendOption(backend))
    .addOption(number('--seed <n>', 'of the starting weights, dropout and samples', 0, 1))
    .addOption(number('--steps <n>', `updates (default: ${about})`, 1))
    .option('--minutes <x>', 'stop after x minutes, even if steps are left', positive)
    .addOption(number('--units <n>', 'units of the cell', 1, 128))
    .addOption(number('--batch <n>', 'streams read side by side', 1, 32))
    .addOption(number('--time <n>', 'characters of a window: how far gradients reach back', 1, 50))
    .addOption(number('--held-out <n>', 'characters of held-out text that are scored, at most', 1, 120_000))
    .option('--prompt <text>', 'what the samples begin with (default: how the text does)', nonEmpty)
    .addOption(number('--sample <n>', 'characters of a sample', 1, 240))
    .option('--runs <folder>', 'where run folders are made', nonEmpty, 'runs')
    .option('--name <name>', 'of the folder of this run; an existing one is never overwritten', folderName)
    .option('--json', 'the result as JSON on stdout, everything else on stderr');
}

/** `--backend`, with what it may be. */
export const backendOption = (standard: BackendName): Option =>
  new Option('--backend <name>', 'what computes').choices([...backendNames, 'auto']).default(standard);

/** Reads a whole number of at least `least`. */
export const wholeNumber = (least: number) => (value: string) => {
  const n = Number(value);
  if (value.trim() !== '' && Number.isSafeInteger(n) && n >= least) return n;
  throw new InvalidArgumentError(`Wanted a whole number of at least ${least}.`);
};

/** Reads a number above 0. */
export function positive(value: string): number {
  const n = Number(value);
  if (value.trim() !== '' && Number.isFinite(n) && n > 0) return n;
  throw new InvalidArgumentError('Wanted a number above 0, such as 0.5.');
}

export function nonEmpty(value: string): string {
  if (value !== '') return value;
  throw new InvalidArgumentError('Wanted some text.');
}

function folderName(value: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(value)) return value;
  throw new InvalidArgumentError('Wanted letters, digits, ".", "_" and "-", a letter or digit first.');
}
