import { type BackendInfo, useBackend } from '@gatewise/backends';
import { type BatchSource, streams } from '@gatewise/data';
import type { ProgressStream } from '@gatewise/plugin-progress';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { baselines, type Corpus, corpusOf, scoredPart } from './corpus.js';
import { characterModel } from './model.js';
import { defaultSteps, type TextOptions } from './options.js';
import { type Text, writeRecord } from './record.js';
import { makeRunFolder, type RunFolder } from './run-folder.js';
import type { Watched } from './watch.js';

export interface Surroundings {
  /** Takes what is said to people. */
  readonly say: (text: string) => void;
  /** Where the progress bar goes. */
  readonly progress: ProgressStream;
}

/** Everything a run works with. */
export interface Run extends Surroundings {
  readonly options: TextOptions & { readonly steps: number; readonly prompt: string };
  readonly title: string;
  readonly backend: BackendInfo;
  readonly corpus: Corpus;
  readonly network: LayersModel;
  /** What is scored, and the batches of it. */
  readonly scored: Int32Array;
  readonly heldOut: BatchSource;
  /** Bits per character of the baselines. */
  readonly counted: { readonly unigram: number; readonly bigram: number };
  readonly folder: RunFolder;
  /** True where the folder is that of an earlier run, which goes on. */
  readonly resumed: boolean;
  readonly seen: Watched;
}

/** Reads the text, builds the network and makes the folder, or opens that of the run that goes on. */
export async function prepare(
  text: Text,
  given: TextOptions,
  surroundings: Surroundings,
  resume?: RunFolder,
): Promise<Run> {
  const corpus = corpusOf(text.text);
  const backend = await useBackend(given.backend, {
    sizes: { B: given.batch, T: given.time, I: corpus.vocabulary.size, H: given.units },
    print: (table) => surroundings.say(`${table}\n`),
  });
  const options = {
    ...given,
    steps: given.steps ?? defaultSteps(backend.engine),
    prompt: given.prompt ?? [...text.text].slice(0, 10).join(''),
  };
  const { cell, seed, units, batch, time } = options;
  const scored = scoredPart(corpus.heldOut, options.heldOut, batch, time);
  const folder = resume ?? (await makeRunFolder(options.runs, `${cell}-seed${seed}`, options.name));
  if (resume === undefined) await writeRecord(folder.path, { text, options });
  return {
    ...surroundings,
    options,
    title: text.title,
    backend,
    corpus,
    network: characterModel(cell, units, corpus.vocabulary.size, seed),
    scored,
    heldOut: streams(scored, { batch, time }),
    counted: baselines(corpus, scored),
    folder,
    resumed: resume !== undefined,
    seen: { loss: Number.NaN, characters: 0, seconds: 0 },
  };
}
