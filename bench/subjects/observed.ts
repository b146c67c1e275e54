import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { random } from '@gatewise/core';
import { streams } from '@gatewise/data';
import { lstm } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { type Logger, type PluginModule, Tokens } from '@gatewise/plugin';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { dropout } from '@gatewise/plugin-dropout';
import { gradientFlow } from '@gatewise/plugin-gradient-flow';
import { metrics, metricsCsv } from '@gatewise/plugin-metrics';
import { profile } from '@gatewise/plugin-profile';
import { progress } from '@gatewise/plugin-progress';
import { report } from '@gatewise/plugin-report';
import { runSummary } from '@gatewise/plugin-run-summary';
import { characters, sampler } from '@gatewise/plugin-sampler';
import { tensorboard } from '@gatewise/plugin-tensorboard';
import { carried, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { Container } from 'inversify';
import { useOneEngine } from './one-engine.js';
import { quickstartSize } from './quickstart-size.js';

const { units: H, batch: B, time: T, symbols: V } = quickstartSize;
/** Steps until V8 has compiled what a step runs. */
const WARM = 60;
type Symbolic = ReturnType<typeof tf.input>;

/** The quickstart's model; its text is of the same alphabet, drawn by lot. */
function network() {
  const ids = tf.input({ shape: [null], dtype: 'int32' });
  const states = ['h', 'c'].map(() => tf.input({ shape: [H] }));
  const layer = lstm({ units: H, inputDim: V, returnSequences: true, returnState: true, seed: 1 });
  const [y, ...next] = layer.apply([ids, ...states]) as Symbolic[];
  const head = tf.layers.dense({ units: V, kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) });
  return tf.model({ inputs: [ids, ...states], outputs: [head.apply(y!) as Symbolic, ...next] });
}

/** Every plugin that only looks on, as a user would set it up. */
function observers(folder: string, model: ReturnType<typeof network>): PluginModule[] {
  const vocabulary = {
    encode: (text: string) => [...text].map((c) => c.charCodeAt(0) % V),
    decode: (ids: readonly number[]) => String.fromCharCode(...ids.map((id) => 32 + id)),
  };
  return [
    gradientFlow(),
    metrics({ file: join(folder, 'metrics.jsonl') }),
    metricsCsv({ file: join(folder, 'metrics.csv') }),
    profile(),
    progress({ stream: { write: () => true } }),
    report({ file: join(folder, 'report.html') }),
    runSummary({ folder }),
    sampler({ write: characters({ model, vocabulary, prompt: 'Call', length: 100 }) }),
    tensorboard({ folder: join(folder, 'events'), histograms: 100 }),
  ];
}

/** Milliseconds of a step by turns: without observers, with them, with them, without, … `rounds` of each. */
export async function observedSteps(backend: string, engine: string, steps: number, rounds: number) {
  await useOneEngine(backend, engine);
  const folder = await mkdtemp(join(tmpdir(), 'gatewise-observed-'));
  const draw = random(1);
  const text = Int32Array.from({ length: B * T * steps + B }, () => draw.int(V));
  const container = new Container();
  const silent: Logger = { info: () => {}, warn: () => {} };
  container.bind(Tokens.Logger).toConstantValue(silent);
  const model = network();
  const optimizer = adam({ learningRate: 1e-2 });
  const recipe = () => [dropout({ output: 0.1 }), clipByGlobalNorm({ maxNorm: 0.25 })];
  const time = async (count: number, watched: boolean) => {
    const start = performance.now();
    await train(carried(model, { loss: 'softmaxCrossEntropy' }), streams(text, { batch: B, time: T }), {
      ...{ epochs: 1, steps: count, optimizer, container },
      plugins: [...recipe(), ...(watched ? observers(folder, model) : [])],
    });
    return (performance.now() - start) / count;
  };
  try {
    for (const watched of [false, true]) await time(Math.min(steps, WARM), watched);
    const ms: { without: number[]; with: number[] } = { without: [], with: [] };
    for (let round = 0; round < rounds; round++) {
      for (const watched of round % 2 === 0 ? [false, true] : [true, false])
        ms[watched ? 'with' : 'without'].push(await time(steps, watched));
    }
    return ms;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
