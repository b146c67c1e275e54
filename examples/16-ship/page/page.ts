import '@tensorflow/tfjs-backend-cpu';
import { random } from '@gatewise/core';
import { vocabularyOf } from '@gatewise/data';
import { loadWasm } from '@gatewise/engine-wasm';
import { build, dequantise } from '@gatewise/interop';
import { ready, setBackend } from '@tensorflow/tfjs-core';
import { reader, write } from '../writer.js';

// #region load
/** Tensors lie on tf.js' cpu backend; the recurrence runs in WebAssembly, where the page's policy allows it. */
async function load() {
  await loadWasm();
  await setBackend('cpu');
  await ready();
  const [file, { symbols, unknown }] = await Promise.all([
    fetch('model.safetensors').then((answer) => answer.arrayBuffer()),
    fetch('vocabulary.json').then((answer) => answer.json()),
  ]);
  return { model: build(dequantise(new Uint8Array(file))), symbols: vocabularyOf(symbols, unknown) };
}
// #endregion

const { model, symbols } = await load();
const form = document.querySelector('form') as HTMLFormElement;
const [output, speed] = ['output', '#speed'].map((name) => document.querySelector(name) as HTMLElement);

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { prompt, temperature, seed } = Object.fromEntries(new FormData(form)) as Record<string, string>;
  const how = { prompt: prompt!, temperature: Number(temperature) };
  output!.textContent = prompt!;
  form.inert = true;
  const start = performance.now();
  let [count, shown] = [0, start];
  for await (const character of write(model, symbols, how, random(Number(seed)))) {
    output!.textContent += character;
    if (++count === 400) break;
    // the page draws when it gets a turn
    if (performance.now() - shown < 50) continue;
    await new Promise(requestAnimationFrame);
    shown = performance.now();
  }
  const rate = (1000 * count) / (performance.now() - start);
  speed!.textContent = `${count} characters, ${Math.round(rate)} a second`;
  form.inert = false;
});

/** For a test: the logits [T,V] of a text, in a row. */
async function logits(text: string): Promise<number[]> {
  const { read, dispose } = reader(model);
  const rows: number[] = [];
  for (const id of symbols.encode(text)) rows.push(...(await read(id)));
  dispose();
  return rows;
}
Object.assign(globalThis, { logits });
document.body.dataset.ready = 'true';
