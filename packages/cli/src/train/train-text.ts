import { closing, type Finale, finale } from './finale.js';
import type { TextOptions } from './options.js';
import { checkSameText, readRecord, type Text } from './record.js';
import { prepare, type Run, type Surroundings } from './run.js';
import { checkSaved, save } from './saved-model.js';
import { beginning, ending, type Result } from './tell.js';
import { trainNetwork } from './training.js';

/**
 * Trains a character model on a text, scores it on what was held out, lets it write, saves it and writes a report, all in a
 * folder of its own. Errors: `GW_RUN_…`, and those of the packages it uses.
 *
 * @example await trainText({ title: 'a book', text }, options, { say: console.log, progress: process.stderr });
 */
export async function trainText(text: Text, options: TextOptions, at: Surroundings): Promise<Result> {
  return work(await prepare(text, options, at));
}

/**
 * Goes on with a run from its last checkpoint, to the same bits as if it had never stopped; `more` may set other steps and
 * minutes. Errors: `GW_RUN_MISSING`, `GW_RUN_RECORD`, `GW_RUN_TEXT`, and those of the checkpoint plugin.
 */
export async function resumeText(
  folder: string,
  textOf: (recorded: string | undefined) => Promise<Text>,
  more: Pick<TextOptions, 'steps' | 'minutes' | 'json'>,
  at: Surroundings,
): Promise<Result> {
  const run = await readRecord(folder);
  const text = await textOf(run.record.text.path);
  checkSameText(text, run);
  const { minutes: _, json: __, ...started } = run.record.options;
  return work(await prepare(text, { ...started, ...more }, at, run.folder));
}

async function work(run: Run): Promise<Result> {
  const { network, corpus, folder, options, seen, say } = run;
  say(beginning(run));
  let last: Finale | undefined;
  const trained = await trainNetwork(run, async ({ reason }) => {
    if (reason === 'failed') return {};
    last = await finale(run);
    return closing(last, seen);
  });
  await save(network, corpus.vocabulary, folder.path);
  const savedDifference = await checkSaved(network, folder.path, corpus.heldOut.subarray(0, options.time));
  network.dispose();
  const end = trained.reason === 'stopped' ? trained.why : trained.reason;
  const result = resultOf(run, last as Finale, { steps: trained.steps, end, savedDifference });
  say(ending(result));
  return result;
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
