import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { brownSentences, byFrequency, shareOf, tagged, tutorial } from './index.js';

it('tags every word, twice the same, and leaks nothing', async () => {
  const first = await tutorial.run('short');
  const before = tf.memory().numTensors;
  expect(await tutorial.run('short')).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
  expect(first.scores.map(({ tagger }) => tagger)).toEqual([
    'most frequent tag',
    'LSTM, forward',
    'LSTM, both ways',
  ]);
  for (const { all } of first.scores) expect(all).toBeGreaterThan(0.05);
  for (const { said } of first.example) expect(Object.keys(said)).toHaveLength(3);
});

it('reads sentences of the corpus, with tags free of marks', () => {
  const sentences = brownSentences(1);
  expect(sentences.length).toBeGreaterThan(80);
  expect(sentences[0]!.slice(0, 3)).toEqual([
    ['The', 'at'],
    ['Fulton', 'np'],
    ['County', 'nn'],
  ]);
  for (const [, tag] of sentences.flat()) expect(tag).not.toMatch(/^fw-|-(tl|hl|nc)$/);
});

it('takes the tag that a word has most often, and scores the words that are picked', () => {
  const one = [
    ['the', 'at'],
    ['run', 'nn'],
  ] as const;
  const other = [
    ['they', 'pps'],
    ['run', 'vb'],
  ] as const;
  const data = tagged([...Array(15).fill(one), ...Array(5).fill(other)]);
  const said = byFrequency(data);
  const runs = data.heldOut.flat().filter(([word]) => word === 'run');
  const nouns = runs.filter(([, tag]) => tag === 'nn').length / runs.length;
  expect(shareOf(data, said, (word) => word === 'run')).toBe(nouns);
  expect(shareOf(data, said, (word) => word !== 'run')).toBe(1);
});
