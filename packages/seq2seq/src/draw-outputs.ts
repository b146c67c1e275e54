import { checkDrawOptions, type DrawOptions, draw, random } from '@gatewise/core';
import {
  checkWhole,
  type Decoded,
  type DecodeOptions,
  Decoding,
  lengthLimit,
  type Sources,
} from './decoding.js';
import type { Seq2Seq } from './model.js';

export interface SampleOptions extends DecodeOptions, DrawOptions {
  readonly seed: number;
  /** Outputs of each source; 1 where absent. */
  readonly count?: number;
}

/**
 * The likeliest symbol at every step, batch-wise; rows that have ended are computed no further.
 * Errors: `GW_SEQ2SEQ_OPTION`, `GW_SEQ2SEQ_LOGITS`, `GW_LAYER_SHAPE`.
 *
 * @example const [first] = await greedy(model, padded([ids('hello')]));
 */
export async function greedy(
  model: Seq2Seq,
  sources: Sources,
  options: DecodeOptions = {},
): Promise<Decoded[]> {
  const all = await write(model, sources, options, 1, (p) => p.indexOf(p.reduce((a, b) => Math.max(a, b))));
  return all.map(([output]) => output!);
}

/**
 * Outputs drawn symbol by symbol, `count` for each source, by row. Each has a seeded stream of its own: what others do changes
 * nothing. `logProbability` is the model's, before temperature and filters.
 * Errors: `GW_DRAW_OPTION`, `GW_SEQ2SEQ_OPTION`, `GW_SEQ2SEQ_LOGITS`, `GW_LAYER_SHAPE`.
 *
 * @example const drafts = await sample(model, sources, { seed: 1, count: 5, temperature: 0.8, topP: 0.9 });
 */
export async function sample(model: Seq2Seq, sources: Sources, options: SampleOptions): Promise<Decoded[][]> {
  const { seed, count = 1 } = options;
  checkDrawOptions(options);
  checkWhole('count', count);
  const parent = random(seed);
  const streams = Array.from({ length: sources.x.shape[0]! * count }, (_, b) =>
    parent.fork(`row ${Math.floor(b / count)}, output ${b % count}`),
  );
  return write(model, sources, options, count, (p, b) => draw(p, options, streams[b]!));
}

/** By source, `count` outputs whose symbols are chosen one by one of ln p [V]. */
async function write(
  model: Seq2Seq,
  sources: Sources,
  options: DecodeOptions,
  count: number,
  choose: (logProbabilities: Float64Array, output: number) => number,
): Promise<Decoded[][]> {
  const limit = lengthLimit(options, sources);
  const { end, start = end } = model.config.target;
  const B = sources.x.shape[0]!;
  const outputs = Array.from({ length: B * count }, () => new Output());
  const decoding = new Decoding(model, sources, options.alignments === true);
  try {
    decoding.select(outputs.map((_, b) => Math.floor(b / count)));
    let live = [...outputs.keys()];
    for (let t = 0; t < limit && live.length > 0; t++) {
      const step = await decoding.step(live.map((b) => outputs[b]!.ids.at(-1) ?? start));
      for (const [row, b] of live.entries()) {
        const p = step.logProbabilities[row]!;
        const id = choose(p, b);
        outputs[b]!.add(id, p[id]!, id === end, step.alignment?.[row]);
      }
      const going = [...live.keys()].filter((row) => !outputs[live[row]!]!.ended);
      if (going.length > 0) decoding.select(going);
      live = going.map((row) => live[row]!);
    }
  } finally {
    decoding.dispose();
  }
  return Array.from({ length: B }, (_, b) =>
    outputs.slice(b * count, (b + 1) * count).map((output) => output.decoded()),
  );
}

/** One output while it is written. */
class Output {
  readonly ids: number[] = [];
  ended = false;
  #logProbability = 0;
  readonly #alignment: number[][] = [];

  add(id: number, logProbability: number, ended: boolean, alignment: Float32Array | undefined): void {
    if (!ended) this.ids.push(id);
    this.ended = ended;
    this.#logProbability += logProbability;
    if (alignment) this.#alignment.push([...alignment]);
  }

  decoded(): Decoded {
    const { ids, ended } = this;
    const alignment = this.#alignment.length > 0 ? { alignment: this.#alignment } : {};
    return { ids, ended, logProbability: this.#logProbability, ...alignment };
  }
}
