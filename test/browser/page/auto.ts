import { type MeasuredBackend, useBackend } from '@gatewise/backends';
import type { Runner } from '@gatewise/testing';
import * as tf from '@tensorflow/tfjs-core';
import { learnsNumbers } from './training.js';

const small = { B: 2, T: 3, I: 2, H: 4 };
const auto = (more: { again?: boolean; print?: (table: string) => void } = {}) =>
  useBackend('auto', { wasmPaths: '/wasm/', sizes: small, ...more });

/** `useBackend('auto')` in a page that has every backend of pages. */
export function autoSuite({ describe, it }: Runner): void {
  describe('auto', () => {
    it('times every backend, takes the fastest, and leaks nothing', measures);
    it('remembers in localStorage, and measures again on request', remembers);
    it('webgl, which has lost, trains all the same', async () => {
      await auto({ again: true });
      await learnsNumbers('webgl');
    });
  });
}

const rowOf = (table: readonly MeasuredBackend[], name: string) =>
  table.find(({ backend }) => backend === name)!;

async function measures(): Promise<void> {
  let text = '';
  const held = tf.memory().numTensors;
  const { name, tfName, measured } = await auto({
    print: (table) => {
      text = table;
    },
  });
  const { table } = measured!;
  const names = table.map(({ backend }) => backend).sort();
  if (names.join() !== 'cpu,wasm,webgl,webgpu') throw new Error(`got rows of ${names}`);
  const silent = table.filter(({ ms, why }) => ms === null && !why);
  if (silent.length > 0) throw new Error(`got no reason for ${silent.map(({ backend }) => backend)}`);
  const untimed = ['cpu', 'wasm', 'webgl'].filter((backend) => rowOf(table, backend).ms === null);
  if (untimed.length > 0) throw new Error(`got no time of ${untimed}:\n${text}`);
  // software stands in for a GPU here: it cannot win at such sizes
  if (name !== 'cpu' && name !== 'wasm') throw new Error(`got ${name} for a small model:\n${text}`);
  if (tf.getBackend() !== tfName || table[0]!.backend !== name)
    throw new Error(`got ${tf.getBackend()} in use:\n${text}`);
  if (!text.includes(`\n→  ${name} `)) throw new Error(`got a table that marks no ${name}:\n${text}`);
  if (tf.memory().numTensors !== held) throw new Error(`got ${tf.memory().numTensors} tensors, had ${held}`);
}

async function remembers(): Promise<void> {
  const [first, second] = [await auto(), await auto()];
  const entries = Object.keys(localStorage).filter((key) => key.startsWith('gatewise-auto-'));
  if (entries.length !== 1) throw new Error(`got ${entries.length} entries, wanted 1`);
  if (second.measured!.remembered !== true || second.name !== first.name)
    throw new Error(`got ${second.name}, measured again`);
  if ((await auto({ again: true })).measured!.remembered) throw new Error('got what was measured before');
}
