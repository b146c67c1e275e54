import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Case } from '../cases.js';
import type { Places } from '../data.js';
import { MARK } from '../worker-process.js';
import { type Prepared, readData } from './data.js';

// One subject in a process of its own: `worker.ts KIND BACKEND ENGINE`, a line of JSON in, a line of JSON out.

type Question =
  | { readonly do: 'ready' }
  | {
      readonly do: 'prepare';
      readonly one: Case;
      readonly places: Places;
      readonly data: string;
      readonly result: string;
    }
  | { readonly do: 'run'; readonly times: number }
  | { readonly do: 'quickstart'; readonly steps: number }
  | { readonly do: 'observed'; readonly steps: number; readonly rounds: number };

const [kind, backend, engine] = process.argv.slice(2) as [string, string, string];
let prepared: Prepared | undefined;

async function answer(question: Question): Promise<object> {
  switch (question.do) {
    case 'ready':
      return { version: await (await subject()).ready(backend, engine) };
    case 'prepare': {
      const { one, places, data, result } = question;
      prepared = await (await subject()).prepare(one, readData(data, places));
      if (prepared.result) writeFileSync(result, new Uint8Array(prepared.result.buffer));
      return { maxAbsDiff: prepared.maxAbsDiff };
    }
    case 'run':
      return { ms: await run(prepared!, question.times) };
    case 'quickstart':
      return { ms: await (await import('./quickstart.js')).trainSteps(backend, engine, question.steps) };
    case 'observed': {
      const { observedSteps } = await import('./observed.js');
      return { observed: await observedSteps(backend, engine, question.steps, question.rounds) };
    }
  }
}

interface Subject {
  /** Loads everything; what runs, in words. */
  ready(backend: string, engine: string): string | Promise<string>;
  prepare(one: Case, data: ReturnType<typeof readData>): Prepared | Promise<Prepared>;
}

function subject(): Promise<Subject> {
  if (kind === 'arrays') return import('./native-arrays.js');
  if (kind === 'tf.layers') return import('./tf-layers.js');
  if (kind === 'onnxruntime-node') return import('./onnxruntime-node.js');
  if (kind === 'brain.js') return import('./brain.js');
  return import('./gatewise.js');
}

/** Milliseconds of each run. */
async function run(one: Prepared, times: number): Promise<number[]> {
  const ms: number[] = [];
  for (let k = 0; k < times; k++) {
    const start = performance.now();
    const result = one.run();
    if (result instanceof Promise) await result;
    ms.push(performance.now() - start);
  }
  return ms;
}

for await (const line of createInterface({ input: process.stdin })) {
  let said: object;
  try {
    said = await answer(JSON.parse(line) as Question);
  } catch (error) {
    said = { error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${MARK}${JSON.stringify(said)}\n`);
}
process.exit(0);
