import { random } from '@gatewise/core';
import { opsEngine } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { wasmEngine } from './engine.js';
import type { Heap, OwnHeap } from './heap.js';
import type { Home } from './home.js';
import { type Compiled, compileModule, variantsHere } from './load.js';
import { allCells } from './test-support/cells.js';
import { EdgeHeap, GuardedHeap } from './test-support/guarded-heap.js';
import { randomCall } from './test-support/random-call.js';
import { distances, runCall } from './test-support/run-call.js';

const LIMIT = 1e-5;
const ROUNDS = 25;

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe.each(variantsHere())('%s, random sizes and options', (variant) => {
  let compiled: Compiled;
  beforeAll(async () => {
    compiled = await compileModule(variant);
  });
  const engineOver = (heap: Heap & { inner: OwnHeap }) => {
    const exports = compiled.instantiate(heap.inner.memory, (bytes) => heap.inner.keep(bytes));
    const home: Home = { exports, heap, address: () => null, place: null };
    return wasmEngine(() => home);
  };

  it.each(allCells.map((cell) => [cell.name, cell] as const))(
    '%s: equals ops in memory full of NaN, and writes nothing beyond its blocks',
    (_, cell) => {
      const r = random(cell.name.length);
      const heap = new GuardedHeap();
      const engine = engineOver(heap);
      for (let round = 0; round < ROUNDS; round++) {
        tf.tidy(() => {
          const call = randomCall(r, cell);
          const off = distances(runCall(engine, call), runCall(opsEngine, call));
          const worst = off.filter(([, d]) => !(d <= LIMIT));
          const { program, ...options } = call.request;
          expect(worst, JSON.stringify(options)).toEqual([]);
        });
      }
    },
  );

  it('no read reaches beyond a block, whichever it is', () => {
    const r = random(5);
    for (const cell of allCells) {
      tf.tidy(() => {
        const call = randomCall(r, cell);
        let nth = 0;
        for (let blocks = 1; nth < blocks; nth++) {
          const heap = new EdgeHeap(nth);
          runCall(engineOver(heap), call);
          blocks = heap.taken;
        }
        expect(nth).toBeGreaterThan(10);
      });
    }
  });
});
