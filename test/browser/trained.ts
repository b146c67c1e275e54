import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelFolder } from '@gatewise/plugin-checkpoint';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { main } from '../../examples/00-quickstart/index.js';
import type { Symbols } from './page/text.js';

/** A run of the quickstart, as it has been saved. */
export interface Trained {
  readonly symbols: Symbols;
  load(): Promise<LayersModel>;
  /** The saved files by the paths under which a server has them. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  remove(): Promise<void>;
}

/** Trains the quickstart's model in Node, small and short, and saves it. */
export async function trainQuickstart(): Promise<Trained> {
  const runs = await mkdtemp(join(tmpdir(), 'gatewise-text-'));
  const size = '--units 48 --batch 16 --time 25 --held-out 1000 --sample 10';
  const silent = { say: () => {}, print: () => {}, progress: { write: () => {} } };
  const args = `--backend cpu --steps 600 --seed 3 ${size} --runs ${runs}`;
  const result = await main(args.split(' '), silent);
  const folder = join(result!.folder, 'model');
  const vocabulary = await readFile(join(result!.folder, 'vocabulary.json'));
  const files = ['model.json', 'weights.bin'].map(
    async (name) => [`/quickstart/${name}`, await readFile(join(folder, name))] as const,
  );
  return {
    symbols: JSON.parse(vocabulary.toString()) as Symbols,
    load: () => loadLayersModel(modelFolder(folder)),
    files: { ...Object.fromEntries(await Promise.all(files)), '/quickstart/vocabulary.json': vocabulary },
    remove: () => rm(runs, { recursive: true }),
  };
}
