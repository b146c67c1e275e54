import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GatewiseError } from '@gatewise/core';
import type { ProgressStream } from '@gatewise/plugin-progress';
import { helpText, readOptions } from './args.js';
import { closing, type Finale, finale } from './finale.js';
import { untilInterrupted } from './interrupt.js';
import { prepare, type Run, type Size } from './run.js';
import { checkSaved, save } from './save.js';
import { beginning, ending, type Result } from './tell.js';
import { trainNetwork } from './training.js';

const standard: Size = { units: 128, batch: 32, time: 50, heldOut: 120_000, sample: 240 };

/** Where a run is at home: the standard size, `runs` in the current folder, and the terminal. */
export interface Setting {
  readonly size?: Size;
  readonly runs?: string;
  readonly print?: (text: string) => void;
  readonly say?: (text: string) => void;
  /** Where the progress bar goes. */
  readonly progress?: ProgressStream;
}

/** Trains, scores, samples and saves a character model. Errors: `GW_QUICKSTART_…`, and those of the packages it uses. */
export async function main(args: readonly string[], setting: Setting = {}): Promise<Result | undefined> {
  const options = readOptions(args);
  const print = setting.print ?? ((text) => process.stdout.write(text));
  if (options.help) {
    print(helpText);
    return undefined;
  }
  const say = setting.say ?? (options.json ? (text: string) => process.stderr.write(text) : print);
  const run = await prepare(options, {
    size: setting.size ?? standard,
    runs: resolve(setting.runs ?? 'runs'),
    say,
    progress: setting.progress ?? process.stderr,
  });
  say(beginning(run));
  const result = await work(run);
  say(ending(result));
  if (options.json) print(`${JSON.stringify(result, undefined, 2)}\n`);
  return result;
}

async function work(run: Run): Promise<Result> {
  const { network, corpus, folder, size, seen } = run;
  let last: Finale | undefined;
  const trained = await untilInterrupted(run.say, (signal) =>
    trainNetwork(run, signal, async ({ reason }) => {
      if (reason === 'failed') return {};
      last = await finale(run);
      return closing(last, seen);
    }),
  );
  await save(network, corpus.vocabulary, folder.path);
  const savedDifference = await checkSaved(network, folder.path, corpus.heldOut.subarray(0, size.time));
  network.dispose();
  const end = trained.reason === 'stopped' ? trained.why : trained.reason;
  return resultOf(run, last as Finale, { steps: trained.steps, end, savedDifference });
}

function resultOf(
  { options, backend, folder, seen, scored }: Run,
  { bits, samples }: Finale,
  more: Pick<Result, 'steps' | 'end' | 'savedDifference'>,
): Result {
  return {
    name: folder.name,
    folder: folder.path,
    cell: options.cell,
    backend: backend.name,
    driver: backend.driver,
    engine: backend.engine,
    seed: options.seed,
    loss: seen.loss,
    characters: seen.characters,
    seconds: seen.seconds,
    charactersPerSecond: seen.characters / seen.seconds,
    heldOutCharacters: scored.length - 1,
    bits,
    samples,
    ...more,
  };
}

/** Runs when it is the program, and not when a test imports it. */
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    // What is wrong with the input is said in the message; anything else needs its stack.
    console.error(error instanceof GatewiseError ? error.message : error);
    process.exitCode = 1;
  }
}
