import { random } from '@gatewise/core';
import { vocabularyOf } from '@gatewise/data';
import { writeText } from '@gatewise/plugin-sampler';
import type { Runner } from '@gatewise/testing';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { backend, type PageBackend } from './backend.js';
import { json } from './golden.js';

/** `vocabulary.json` of a run of the quickstart. */
export interface Symbols {
  readonly symbols: readonly string[];
  readonly unknown?: string;
}

/** What a model of the quickstart writes, each character the likeliest. */
export async function written(model: LayersModel, { symbols, unknown }: Symbols): Promise<string> {
  const options = { prompt: 'The whale ', length: 40, temperature: 0 };
  return writeText(model, vocabularyOf(symbols, unknown), options, random(1));
}

/** The model that Node has trained and saved, on each backend of a page. */
export function textSuite({ describe, it }: Runner, webgpu: boolean): void {
  describe("the quickstart's model writes what it writes in Node", () => {
    for (const name of ['cpu', 'wasm', 'webgl'] as const) it(`on ${name}`, () => writesTheSame(name));
    if (webgpu) it('on webgpu', () => writesTheSame('webgpu'));
    else it.skip?.('on webgpu: this browser has none', () => {});
  });
}

async function writesTheSame(name: PageBackend): Promise<void> {
  const { engine } = await backend(name);
  const model = await loadLayersModel('/quickstart/model.json');
  const got = await written(model, (await json('/quickstart/vocabulary.json')) as Symbols);
  model.dispose();
  const wanted = (await json('/quickstart/written.json')) as string;
  if (got !== wanted)
    throw new Error(`got ${JSON.stringify(got)} by ${engine}, wanted ${JSON.stringify(wanted)}`);
}
