import { memoryStore, type PluginModule } from '@gatewise/plugin';
import { readCheckpoint } from '@gatewise/plugin-checkpoint';
import { expect, it } from 'vitest';
import { gzipStore } from './gzip-store.js';
import { run } from './index.js';

it('keeps a run in the store, packed, and goes on from it', async () => {
  const store = memoryStore();
  const first = await run({ folder: 'a', epochs: 2, store });
  const files = await store.list('a');
  expect(files).toHaveLength(6);
  for (const name of files) {
    expect(name).toMatch(/^step-00000000[48]-epoch-[12]\.(safetensors|json|sha256)\.gz$/);
    // every gzip file begins so
    expect([...((await store.read(`a/${name}`)) ?? [])].slice(0, 2)).toEqual([0x1f, 0x8b]);
  }
  const again = await run({ folder: 'a', epochs: 3, store });
  expect(again.history.slice(0, 2)).toEqual(first.history);
  expect(again.steps).toBe(12);
  const last = await readCheckpoint('a', 'last', gzipStore(store));
  const whole = memoryStore();
  await run({ folder: 'a', epochs: 3, store: whole });
  const { tensors } = await readCheckpoint('a', 'last', gzipStore(whole));
  expect(last.tensors).toEqual(tensors);
});

it('gives a plugin with decorators its services', async () => {
  const store = memoryStore();
  // outside the types of this project, which knows no decorators
  const path = './decorated/notebook.js';
  const { notebook } = (await import(path)) as { notebook: () => PluginModule };
  await run({ folder: 'a', epochs: 1, store, plugins: [notebook()] });
  await run({ folder: 'a', epochs: 2, store, plugins: [notebook()] });
  const text = new TextDecoder().decode(await gzipStore(store).read('notebook.txt'));
  expect(text).toMatch(/^\d{4}-.*Z epoch 1: loss 0\.\d{3}\n.*Z epoch 2: loss 0\.\d{3}\n$/);
});
