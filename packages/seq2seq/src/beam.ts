import { GatewiseError } from '@gatewise/core';
import {
  checkWhole,
  type Decoded,
  type DecodeOptions,
  Decoding,
  lengthLimit,
  type Sources,
} from './decoding.js';
import type { Seq2Seq } from './model.js';

export interface BeamOptions extends DecodeOptions {
  /** W: outputs that are kept of each source at every step. */
  readonly width: number;
  /** α of the length normalisation: 0 none, so that short outputs win; 0.6 where absent. */
  readonly lengthPenalty?: number;
  /** Outputs that are returned of each source, best first, at most W; 1 where absent. */
  readonly count?: number;
}

export interface BeamDecoded extends Decoded {
  /** ln p / ((5 + n) / 6)^α of n symbols, the end counted: what outputs are compared by. */
  readonly score: number;
}

/** One output, while it grows or ended. */
interface Hypothesis {
  readonly ids: readonly number[];
  readonly logProbability: number;
  readonly ended: boolean;
  readonly alignment: readonly (readonly number[])[];
  /** The row of the decoding that it grew from. */
  readonly row: number;
}

/**
 * Beam search with length normalisation (Wu et al., 2016): of each source the W best outputs go on, ended ones among them; a
 * source is done when nothing that still grows can beat its `count` best. Batch-wise; W = 1 is `greedy`.
 * Errors: `GW_SEQ2SEQ_OPTION`, `GW_SEQ2SEQ_LOGITS`, `GW_LAYER_SHAPE`.
 *
 * @example const [[best]] = await beam(model, padded([ids('hello')]), { width: 5 });
 */
export async function beam(model: Seq2Seq, sources: Sources, options: BeamOptions): Promise<BeamDecoded[][]> {
  const { width: W, count = 1, lengthPenalty: α = 0.6 } = options;
  const limit = lengthLimit(options, sources);
  checkBeam(W, count, α);
  const { end, start = end } = model.config.target;
  const score = scorer(α);
  const decoding = new Decoding(model, sources, options.alignments === true);
  let beams: Hypothesis[][] = Array.from({ length: decoding.rows }, (_, row) => [{ ...empty, row }]);
  let going = beams;
  try {
    for (let t = 1; t <= limit && going.length > 0; t++) {
      const live = going.flatMap((one) => one.filter(({ ended }) => !ended));
      decoding.select(live.map(({ row }) => row));
      const step = await decoding.step(live.map(({ ids }) => ids.at(-1) ?? start));
      const rows = new Map(live.map((hypothesis, row) => [hypothesis, row]));
      const grow = (hypothesis: Hypothesis): Hypothesis[] => {
        const row = rows.get(hypothesis);
        if (row === undefined) return [hypothesis];
        const seen = step.alignment?.[row];
        const alignment = seen ? [...hypothesis.alignment, [...seen]] : hypothesis.alignment;
        const p = step.logProbabilities[row]!;
        return best(p, W).map((id) => ({
          ids: id === end ? hypothesis.ids : [...hypothesis.ids, id],
          ...{ logProbability: hypothesis.logProbability + p[id]!, ended: id === end, alignment, row },
        }));
      };
      const done = (one: readonly Hypothesis[]) => isDone(one, count, limit, score);
      beams = beams.map((one) => (going.includes(one) ? ranked(one.flatMap(grow), score).slice(0, W) : one));
      going = beams.filter((one) => !done(one));
    }
  } finally {
    decoding.dispose();
  }
  return beams.map((one) =>
    ranked(one, score)
      .slice(0, count)
      .map((hypothesis) => output(hypothesis, score)),
  );
}

const empty = { ids: [], logProbability: 0, ended: false, alignment: [] };

type Scorer = (logProbability: number, symbols: number) => number;
/** ln p / ((5 + n) / 6)^α */
const scorer =
  (α: number): Scorer =>
  (logProbability, n) =>
    logProbability / ((5 + n) / 6) ** α;
const lengthOf = ({ ids, ended }: Hypothesis): number => ids.length + Number(ended);

/** Best first; of equal ones those that came first. */
function ranked(all: readonly Hypothesis[], score: Scorer): Hypothesis[] {
  const scored = all.map((h): [Hypothesis, number] => [h, score(h.logProbability, lengthOf(h))]);
  return scored.sort((a, b) => b[1] - a[1]).map(([h]) => h);
}

/** ln p only falls; at the longest it is divided by most: so good may a growing one become at best. */
function isDone(one: readonly Hypothesis[], count: number, limit: number, score: Scorer): boolean {
  const growing = one.filter(({ ended }) => !ended);
  if (growing.length === 0) return true;
  const ended = one.filter((h) => h.ended);
  if (ended.length < count) return false;
  const last = ranked(ended, score)[count - 1]!;
  const hope = Math.max(...growing.map((h) => score(h.logProbability, limit)));
  return score(last.logProbability, lengthOf(last)) >= hope;
}

/** The ids of the W largest, largest first, the lower id first where they are equal; −∞ is none. */
function best(p: Float64Array, W: number): number[] {
  const ids = [...p.keys()].filter((id) => p[id]! > -Infinity);
  return ids.sort((a, b) => p[b]! - p[a]! || a - b).slice(0, W);
}

function output({ alignment, ...h }: Hypothesis, score: Scorer): BeamDecoded {
  const { ids, logProbability, ended } = h;
  return {
    ...{ ids, logProbability, ended, score: score(logProbability, lengthOf({ ...h, alignment })) },
    ...(alignment.length > 0 ? { alignment } : {}),
  };
}

/** Errors: `GW_SEQ2SEQ_OPTION`. */
function checkBeam(W: number, count: number, α: number): void {
  checkWhole('width', W);
  checkWhole('count', count);
  const bad = (text: string) => {
    throw new GatewiseError('GW_SEQ2SEQ_OPTION', text);
  };
  if (count > W) bad(`got count = ${count} of a beam of width ${W}, wanted at most ${W}`);
  if (!(α >= 0 && Number.isFinite(α))) bad(`got lengthPenalty = ${α}, wanted 0 or more, such as 0.6`);
}
