import { vanilla } from '@gatewise/cells';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Engine, engines, opsEngine, recur, registerEngine } from './index.js';

const said: unknown[] = [];
const warn = console.warn;
beforeAll(async () => {
  await tf.setBackend('cpu');
  console.warn = (text) => {
    if (String(text).startsWith('gatewise')) said.push(text);
  };
});
afterAll(() => {
  console.warn = warn;
});

it('a preferred engine joins the list, takes what it can, and is said once when it refuses', () => {
  let calls = 0;
  const picky: Engine = {
    ...opsEngine,
    name: 'picky',
    backends: ['cpu'],
    priority: 10,
    supports: ({ reverse }) => (reverse ? 'it runs forwards only' : true),
    forward: (request, tensors) => {
      calls++;
      return opsEngine.forward(request, tensors);
    },
  };
  registerEngine(picky);
  expect(engines('cpu').map((e) => e.name)).toEqual(['picky', 'ops']);
  expect(engines('webgl').map((e) => e.name)).toEqual(['ops']);
  const args = { x: tf.ones([1, 2, 3]), W: tf.ones([3, 4]), R: tf.ones([4, 4]), b: tf.zeros([4]) };
  recur(vanilla, args);
  expect(calls).toBe(1);
  recur(vanilla, { ...args, reverse: true });
  recur(vanilla, { ...args, reverse: true });
  expect(calls).toBe(1);
  expect(said).toEqual(['gatewise: cell "vanilla" leaves the engine "picky" on cpu: it runs forwards only']);
  expect(() => recur(vanilla, { ...args, reverse: true, engine: 'picky' })).toThrow('GW_ENGINE_REFUSED');
  recur(vanilla, { ...args, engine: 'ops' });
  expect(calls).toBe(1);
});
