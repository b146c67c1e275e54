import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { byCounts, dictionary, reader, told, tutorial } from './index.js';
import { type Message, messages, wordsOf } from './mail.js';

it('tells messages, twice the same, and leaks nothing', async () => {
  const first = await tutorial.run('short');
  const before = tf.memory().numTensors;
  expect(await tutorial.run('short')).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
  const [never, counting] = first.right;
  expect(never!.lost).toBe(0);
  expect(counting!.same).toBeGreaterThan(never!.same);
});

describe('the messages', () => {
  const all = messages();
  it('stand once each, of both kinds and both collections', () => {
    expect(new Set(all.map(({ words }) => words.join(' '))).size).toBe(all.length);
    for (const spam of [true, false]) {
      for (const collection of [1, 2]) {
        const part = all.filter((one) => one.spam === spam && one.collection === collection);
        expect(part.length).toBeGreaterThan(400);
      }
    }
  });
  it('have words alone, without headers, marks or numbers', () => {
    const words = new Set(all.flatMap((one) => one.words));
    for (const word of words) expect(word).toMatch(/^([a-z]+('[a-z]+)*|[!$%]|<number>)$/);
    // of every message's headers; as words of a text they are rare
    const received = all.filter((one) => one.words.includes('received')).length;
    expect(received).toBeLessThan(all.length / 20);
    for (const { words: few } of all) expect(few.length).toBeLessThanOrEqual(100);
  });
  it('are cut into words', () => {
    expect(wordsOf("Don't pay $1,000! 50% off")).toEqual([
      ...["don't", 'pay', '$', '<number>', '<number>', '!'],
      ...['<number>', '%', 'off'],
    ]);
  });
});

const message = (text: string, spam: boolean): Message => ({ collection: 1, spam, words: wordsOf(text) });

it('counts the words that training has at least three times', () => {
  const part = [message('free free free now', true), message('we meet meet meet', false)];
  const ids = dictionary(part);
  expect([...ids]).toEqual([
    ['free', 1],
    ['meet', 2],
  ]);
  const guess = byCounts(part, ids);
  expect(guess(['free'])).toBe(true);
  expect(guess(['meet', 'unknown'])).toBe(false);
});

it('says of a message the same alone and beside a longer one', async () => {
  const part = messages().slice(0, 40);
  const ids = dictionary(part);
  const { model } = reader(ids.size + 1, 4, 4, 3);
  const together = await told(model, part, ids);
  expect(new Set(part.map(({ words }) => words.length)).size).toBeGreaterThan(1);
  const alone: boolean[] = [];
  for (const one of part) alone.push(...(await told(model, [one], ids)));
  expect(together).toEqual(alone);
  expect(new Set(together).size).toBe(2);
  model.dispose();
});
