import { random } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import {
  adding,
  contestants,
  embeddedReber,
  epochOf,
  legalNext,
  parameters,
  reberSymbols,
  unitsWithin,
} from './index.js';

it('adds the two numbers that are marked, one in each half', async () => {
  const { x, y } = adding(10).batch(3, 20);
  const [xs, ys] = [await (x as tf.Tensor3D).array(), await (y as tf.Tensor2D).array()];
  xs.forEach((steps, b) => {
    const marked = steps.flatMap(([, mark], t) => (mark === 1 ? [t] : []));
    expect(marked.map((t) => Math.floor(t / 5))).toEqual([0, 1]);
    const sum = marked.reduce((all, t) => all + steps[t]![0]!, 0);
    expect(ys[b]![0]).toBeCloseTo(sum, 6);
  });
  tf.dispose([x as tf.Tensor, y]);
});

it('makes new batches in every epoch, and the same ones again', async () => {
  const first = async (epoch: number) => {
    const [batch] = epochOf(adding(4), 2, 1, 1)(epoch);
    const values = await batch!.y.data();
    tf.dispose([batch!.x as tf.Tensor, batch!.y]);
    return [...values];
  };
  expect(await first(0)).toEqual(await first(0));
  expect(await first(1)).not.toEqual(await first(0));
});

it('counts the weights that a layer has', () => {
  for (const one of contestants) {
    const units = unitsWithin(one, 2, 600);
    const model = adding(5).model(units, one, 1);
    expect(model.layers[0]!.countParams(), one.name).toBe(parameters(one, 2, units));
    expect(parameters(one, 2, units)).toBeLessThanOrEqual(600);
    expect(parameters(one, 2, units + 1)).toBeGreaterThan(600);
    model.dispose();
  }
});

it('walks the grammar: every symbol is one that may stand there', () => {
  const draw = random(1);
  const seen = new Set<string>();
  for (let n = 0; n < 300; n++) {
    const text = embeddedReber(draw);
    seen.add(text);
    expect(text).toMatch(/^B([TP])B[TP][TSXPV]*E\1E$/);
    const legal = legalNext(text);
    expect(legal).toHaveLength(text.length - 1);
    legal.forEach((allowed, t) => {
      expect(allowed.has(text[t + 1]!), `${text} at ${t + 1}`).toBe(true);
    });
    expect([...legal.at(-2)!]).toEqual([text[1]]);
    for (const symbol of text) expect(reberSymbols).toContain(symbol);
  }
  expect(seen.size).toBeGreaterThan(80);
});
