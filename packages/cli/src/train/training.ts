import { join } from 'node:path';
import { streams } from '@gatewise/data';
import { adam } from '@gatewise/optimisers';
import { type Logger, Tokens } from '@gatewise/plugin';
import { checkpoint } from '@gatewise/plugin-checkpoint';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { dropout } from '@gatewise/plugin-dropout';
import { gradientFlow } from '@gatewise/plugin-gradient-flow';
import { metrics } from '@gatewise/plugin-metrics';
import { progress } from '@gatewise/plugin-progress';
import { bitsPerCharacter, report } from '@gatewise/plugin-report';
import { runSummary } from '@gatewise/plugin-run-summary';
import { carried, type TrainResult, train } from '@gatewise/trainer';
import { Container } from 'inversify';
import type { Run } from './run.js';
import { watch } from './watch.js';

const recipe = { learningRate: 1e-2, maxNorm: 0.25, dropout: 0.1, saveEvery: 200 } as const;

type Closing = NonNullable<Parameters<typeof report>[0]['closing']>;

/** Trains on windows that carry their state; checkpoints, metrics.jsonl and report.html are written on the way. */
export async function trainNetwork(run: Run, closing: Closing): Promise<TrainResult> {
  const { network, corpus, heldOut, options, folder, seen, resumed } = run;
  const { seed, steps, minutes, batch, time } = options;
  const windows = streams(corpus.train, { batch, time, seed });
  const optimizer = adam({ learningRate: recipe.learningRate });
  const result = await train(carried(network, { loss: 'softmaxCrossEntropy' }), windows, {
    epochs: Math.ceil(steps / windows.steps),
    steps,
    ...(minutes !== undefined && { maxTime: minutes * 60 }),
    seed,
    optimizer,
    container: services(run),
    validation: heldOut,
    plugins: [
      dropout({ output: recipe.dropout }),
      clipByGlobalNorm({ maxNorm: recipe.maxNorm }),
      gradientFlow({ every: Math.max(1, Math.floor((steps - 1) / 4)) }),
      watch(seen),
      progress({ unit: 'characters', loss: { name: 'bits/char', scale: Math.LOG2E }, stream: run.progress }),
      metrics({ file: join(folder.path, 'metrics.jsonl') }),
      runSummary({ folder: folder.path, settings: aboutReport(run).settings }),
      report({ ...aboutReport(run), file: join(folder.path, 'report.html'), every: 1, closing }),
      checkpoint({
        folder: join(folder.path, 'checkpoints'),
        everySteps: recipe.saveEvery,
        keepLast: 1,
        resume: resumed,
      }),
    ],
  });
  optimizer.dispose();
  return result;
}

/** What plugins say goes where the run says everything: with --json not to stdout. */
function services({ say }: Run): Container {
  const container = new Container();
  const told = (text: string) => say(`${text}\n`);
  container.bind<Logger>(Tokens.Logger).toConstantValue({ info: told, warn: told });
  return container;
}

function aboutReport({ options, title, backend, counted: { unigram, bigram } }: Run) {
  const { cell, seed, steps, units, batch, time } = options;
  return {
    title: `${title}, character by character: ${cell}`,
    unit: bitsPerCharacter,
    references: [
      { label: `unigram counts ${unigram.toFixed(2)}`, value: unigram },
      { label: `bigram counts ${bigram.toFixed(2)}`, value: bigram },
    ],
    settings: {
      cell,
      'units H': units,
      'streams B': batch,
      'time steps T': time,
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
