import { join, relative } from 'node:path';
import type { Finale } from './finale.js';
import type { Run } from './run.js';
import type { Sample } from './sample.js';

/** What a run came to: with --json it is printed as it stands. */
export interface Result extends Finale {
  readonly name: string;
  readonly folder: string;
  readonly cell: string;
  readonly backend: string;
  readonly driver: string;
  readonly engine: string;
  readonly seed: number;
  /** Updates done, and how training ended. */
  readonly steps: number;
  readonly end: string;
  /** Loss of the last step, in nats. */
  readonly loss: number;
  readonly characters: number;
  /** Of training alone. */
  readonly seconds: number;
  readonly charactersPerSecond: number;
  readonly heldOutCharacters: number;
  /** Largest difference between the logits of the saved model, loaded again, and those of the one in memory. */
  readonly savedDifference: number;
}

const number = (n: number) => Math.round(n).toLocaleString('en-US');

export function beginning({ options, size, backend, corpus }: Run): string {
  const { cell, seed, steps } = options;
  const { train, heldOut, vocabulary } = corpus;
  return `Moby Dick: ${number(train.length)} characters to learn from, ${number(heldOut.length)} held out, ${vocabulary.size} symbols
Model:     ${cell}, ${size.units} units; ${size.batch} streams, windows of ${size.time}; ${number(steps)} steps, seed ${seed}
Backend:   ${backend.name} (${backend.driver}); recurrence on ${backend.engine}

`;
}

export function score({ model, unigram, bigram }: Result['bits'], characters: number): string {
  const row = (name: string, bits: number, more = '') => `  ${name.padEnd(20)}${bits.toFixed(3)}${more}`;
  return `
Bits per character on ${number(characters)} characters of held-out text (fewer is better):
${row('this model', model)}
${row('bigram counts', bigram, model < bigram ? '   beaten' : '   not beaten yet: more --steps')}
${row('unigram counts', unigram, model < unigram ? '   beaten' : '   not beaten yet: more --steps')}
`;
}

export function passage({ temperature, text }: Sample): string {
  return `
At temperature ${temperature} it writes:
${wrap(text).replace(/^/gm, '  | ')}
`;
}

/** Lines of at most 92 characters where there are spaces to break at. */
const wrap = (text: string) => text.replace(/(?=.{93})(.{1,92}) +/g, '$1\n');

export function ending({ folder, cell, savedDifference }: Result): string {
  const path = (file: string) => join(relative(process.cwd(), folder), file);
  const other = cell === 'gru' ? 'lstm' : 'gru';
  const same = savedDifference === 0 ? 'the same' : `up to ${savedDifference.toExponential(1)} different`;
  return `
Saved, and loaded again with ${same} predictions: ${path('model')}
Numbers of every step:  ${path('metrics.jsonl')}
Report to look at:      ${path('report.html')}

Next:
  npm run quickstart -- --cell ${other}        another cell: compare the two reports
  npm run quickstart -- --steps 4000      longer: it goes on getting better
  npm run quickstart -- --help            all options
  npm test                                every test
`;
}
