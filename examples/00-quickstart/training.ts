import { join } from 'node:path';
import { streams } from '@gatewise/data';
import { adam } from '@gatewise/optimisers';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { dropout } from '@gatewise/plugin-dropout';
import { gradientFlow } from '@gatewise/plugin-gradient-flow';
import { metrics } from '@gatewise/plugin-metrics';
import { progress } from '@gatewise/plugin-progress';
import { bitsPerCharacter, report } from '@gatewise/plugin-report';
import { runSummary } from '@gatewise/plugin-run-summary';
import { carried, type TrainResult, train } from '@gatewise/trainer';
import type { Run } from './run.js';
import { watch } from './watch.js';

const recipe = { learningRate: 1e-2, maxNorm: 0.25, dropout: 0.1 } as const;

type Closing = NonNullable<Parameters<typeof report>[0]['closing']>;

/** Trains on windows that carry their state; metrics.jsonl, run.json and report.html are written on the way. */
export async function trainNetwork(run: Run, signal: AbortSignal, closing: Closing): Promise<TrainResult> {
  const { network, corpus, heldOut, options, size, folder, seen } = run;
  const { seed, steps, minutes } = options;
  const windows = streams(corpus.train, { batch: size.batch, time: size.time, seed });
  const optimizer = adam({ learningRate: recipe.learningRate });
  const result = await train(carried(network, { loss: 'softmaxCrossEntropy' }), windows, {
    epochs: Math.ceil(steps / windows.steps),
    steps,
    seed,
    optimizer,
    validation: heldOut,
    signal,
    plugins: [
      dropout({ output: recipe.dropout }),
      clipByGlobalNorm({ maxNorm: recipe.maxNorm }),
      gradientFlow({ every: Math.max(1, Math.floor((steps - 1) / 4)) }),
      watch({ seen, minutes }),
      progress({ unit: 'characters', loss: { name: 'bits/char', scale: Math.LOG2E }, stream: run.progress }),
      metrics({ file: join(folder.path, 'metrics.jsonl') }),
      runSummary({ folder: folder.path, settings: aboutReport(run).settings }),
      report({ ...aboutReport(run), file: join(folder.path, 'report.html'), every: 1, closing }),
    ],
  });
  optimizer.dispose();
  return result;
}

function aboutReport({ options, size, backend, counted: { unigram, bigram } }: Run) {
  const { cell, seed, steps } = options;
  return {
    title: `Moby Dick, character by character: ${cell}`,
    unit: bitsPerCharacter,
    references: [
      { label: `unigram counts ${unigram.toFixed(2)}`, value: unigram },
      { label: `bigram counts ${bigram.toFixed(2)}`, value: bigram },
    ],
    settings: {
      cell,
      'units H': size.units,
      'streams B': size.batch,
      'time steps T': size.time,
      steps,
      seed,
      optimizer: `Adam, learning rate ${recipe.learningRate}`,
      clipping: `global norm, at ${recipe.maxNorm}`,
      dropout: `of the output, ${recipe.dropout}`,
      backend: `${backend.name}, ${backend.driver}`,
      engine: backend.engine,
    },
  };
}
