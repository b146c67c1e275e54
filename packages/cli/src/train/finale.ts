import { heldOutBits } from './model.js';
import type { Run } from './run.js';
import { type Sample, sample } from './sample.js';
import { passage, score } from './tell.js';

/** What a trained network is worth. */
export interface Finale {
  /** Bits per character of held-out text. */
  readonly bits: { readonly model: number; readonly unigram: number; readonly bigram: number };
  readonly samples: readonly Sample[];
}

const temperatures = [0.3, 0.7, 1];

/** Scores the network on held-out text, lets it write, and says both. */
export async function finale(run: Run): Promise<Finale> {
  const { network, corpus, heldOut, scored, counted, options, seen, say } = run;
  // A run that was stopped may not have been scored yet.
  const model = seen.heldOut === undefined ? await heldOutBits(network, heldOut) : seen.heldOut * Math.LOG2E;
  const bits = { model, ...counted };
  say(score(bits, scored.length - 1));
  const samples: Sample[] = [];
  for (const temperature of temperatures) {
    const { prompt, sample: length, seed } = options;
    const one = await sample(network, corpus.vocabulary, { prompt, length, temperature, seed });
    say(passage(one));
    samples.push(one);
  }
  return { bits, samples };
}

/** The same for the report. */
export function closing({ bits, samples }: Finale, { characters, seconds }: Run['seen']) {
  return {
    figures: {
      'bits per character, held out': bits.model.toFixed(3),
      'bigram counts': bits.bigram.toFixed(3),
      'unigram counts': bits.unigram.toFixed(3),
      'characters per second': Math.round(characters / seconds),
      'characters read': characters,
    },
    sections: samples.map(({ temperature, text }) => ({ title: `Temperature ${temperature}`, text })),
  };
}
