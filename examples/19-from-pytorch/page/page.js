import { Model } from './model.js';

const { symbols, unknown } = await (await fetch('vocabulary.json')).json();
const idOf = new Map(symbols.map((symbol, id) => [symbol, id]));
const idsOf = (text) => Array.from(text, (symbol) => idOf.get(symbol) ?? idOf.get(unknown));

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function numbers(seed) {
  let a = seed | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An id, drawn with p = softmax(logits / temperature). */
function draw(logits, temperature, u) {
  const largest = Math.max(...logits);
  const p = Array.from(logits, (z) => Math.exp((z - largest) / temperature));
  let left = u * p.reduce((a, b) => a + b, 0);
  for (const [id, mass] of p.entries()) {
    left -= mass;
    if (left < 0) return id;
  }
  return p.length - 1;
}

/** One character after the other: each is the input of the next step, and `push` remembers the rest. */
function* write({ prompt, temperature, seed }) {
  const model = new Model();
  const next = numbers(seed);
  let logits;
  for (const id of idsOf(prompt)) logits = model.push(id);
  for (;;) {
    const id = draw(logits, temperature, next());
    yield symbols[id];
    logits = model.push(id);
  }
}

const [form, output] = [document.querySelector('form'), document.querySelector('output')];
let running = 0;
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const { prompt, temperature, seed } = Object.fromEntries(new FormData(form));
  const text = write({ prompt, temperature: Number(temperature), seed: Number(seed) });
  const run = ++running;
  output.textContent = prompt;
  const frame = () => {
    if (run !== running || output.textContent.length >= 600) return;
    output.textContent += text.next().value;
    requestAnimationFrame(frame);
  };
  frame();
});
