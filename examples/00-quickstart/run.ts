import { type BackendInfo, useBackend } from '@gatewise/backends';
import { type BatchSource, streams } from '@gatewise/data';
import type { ProgressStream } from '@gatewise/plugin-progress';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { defaultSteps, type Options } from './args.js';
import { baselines, type Corpus, readCorpus, scoredPart } from './corpus.js';
import { characterModel } from './model.js';
import { makeRunFolder, type RunFolder } from './run-folder.js';
import type { Watched } from './watch.js';

/** How large the model and its batches are. */
export interface Size {
  /** H: units. */
  readonly units: number;
  /** B: streams that are read side by side. */
  readonly batch: number;
  /** T: characters of a window. */
  readonly time: number;
  /** Characters of held-out text that are scored, at most. */
  readonly heldOut: number;
  /** Characters of a sample. */
  readonly sample: number;
}

export interface Surroundings {
  readonly size: Size;
  /** The folder that runs are written to. */
  readonly runs: string;
  /** Takes what is said to people. */
  readonly say: (text: string) => void;
  /** Where the progress bar goes. */
  readonly progress: ProgressStream;
}

/** Everything a run works with. */
export interface Run extends Surroundings {
  readonly options: Options & { readonly steps: number };
  readonly backend: BackendInfo;
  readonly corpus: Corpus;
  readonly network: LayersModel;
  /** What is scored, and the batches of it. */
  readonly scored: Int32Array;
  readonly heldOut: BatchSource;
  /** Bits per character of the baselines. */
  readonly counted: { readonly unigram: number; readonly bigram: number };
  readonly folder: RunFolder;
  readonly seen: Watched;
}

/** Reads the book, builds the network and makes the folder. */
export async function prepare(options: Options, surroundings: Surroundings): Promise<Run> {
  const { size, runs, say } = surroundings;
  const { cell, seed, name } = options;
  const corpus = readCorpus();
  const backend = await useBackend(options.backend, {
    sizes: { B: size.batch, T: size.time, I: corpus.vocabulary.size, H: size.units },
    print: (table) => say(`${table}\n`),
  });
  const scored = scoredPart(corpus.heldOut, size.heldOut, size.batch, size.time);
  return {
    ...surroundings,
    options: { ...options, steps: options.steps ?? defaultSteps(backend.engine) },
    backend,
    corpus,
    network: characterModel(cell, size.units, corpus.vocabulary.size, seed),
    scored,
    heldOut: streams(scored, size),
    counted: baselines(corpus, scored),
    folder: await makeRunFolder(runs, `${cell}-seed${seed}`, name),
    seen: { loss: Number.NaN, characters: 0, seconds: 0 },
  };
}
