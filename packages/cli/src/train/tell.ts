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

export function beginning({ options, title, backend, corpus, folder, resumed }: Run): string {
  const { cell, seed, steps, units, batch, time } = options;
  const { train, heldOut, vocabulary } = corpus;
  return `${title}: ${number(train.length)} characters to learn from, ${number(heldOut.length)} held out, ${vocabulary.size} symbols
Model:   ${cell}, ${units} units; ${batch} streams, windows of ${time}; ${number(steps)} steps, seed ${seed}
Backend: ${backend.name} (${backend.driver}); recurrence on ${backend.engine}
Run:     ${path(folder.path)}${resumed ? ', goes on' : ''}; Ctrl-C ends it in order, with all that it has

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

export function ending({ folder, savedDifference }: Result): string {
  const same = savedDifference === 0 ? 'the same' : `up to ${savedDifference.toExponential(1)} different`;
  const at = (file: string) => path(join(folder, file));
  return `
Saved, and loaded again with ${same} predictions: ${at('model')}
Numbers of every step:  ${at('metrics.jsonl')}
Report to look at:      ${at('report.html')}
`;
}

/** From the current folder, where that is shorter. */
function path(to: string): string {
  const from = relative(process.cwd(), to);
  return from.startsWith('..') ? to : from;
}
