import { backendNames, type ConcreteBackend, useBackend } from '@gatewise/backends';
import { GatewiseError } from '@gatewise/core';
import { recurrent } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import type { CellName } from '../train/model.js';

type Layer = layers.Layer;

/** What is timed: a training step of one layer and a head, x [B,T,I], y [B,T,1]. */
export interface BenchOptions {
  readonly cell: CellName;
  /** Absent: every backend of Node. */
  readonly backends?: readonly ConcreteBackend[];
  readonly units: number;
  readonly batch: number;
  readonly time: number;
  readonly features: number;
  /** Steps that are timed; one before them is not. */
  readonly steps: number;
}

/** Median milliseconds of a step: forward, backward, update. */
export interface BenchRow {
  readonly backend: string;
  readonly driver: string;
  readonly engine: string;
  readonly ours: number;
  /** Null for a cell that tf.layers lacks. */
  readonly tfLayers: number | null;
}
/** A backend that does not start here. */
export interface Skipped {
  readonly backend: string;
  readonly why: string;
}

const inNode = backendNames.filter((name) => name !== 'webgl');

/** Times ours beside tf.layers on every backend; those that do not start are skipped, by name and reason. */
export async function measureAll(
  options: BenchOptions,
  told: (row: BenchRow | Skipped) => void = () => {},
): Promise<(BenchRow | Skipped)[]> {
  const rows: (BenchRow | Skipped)[] = [];
  for (const backend of options.backends ?? inNode) {
    const row = await measureOn(backend, options).catch((error: unknown) => {
      if (error instanceof GatewiseError) return { backend, why: error.message };
      throw error;
    });
    rows.push(row);
    told(row);
  }
  return rows;
}

async function measureOn(name: ConcreteBackend, options: BenchOptions): Promise<BenchRow> {
  const { driver, engine } = await useBackend(name);
  const { cell, units, time, features } = options;
  const args = { units, inputShape: [time, features], returnSequences: true };
  const theirs = counterpart(cell, args);
  return {
    backend: name,
    driver,
    engine,
    ours: await medianStep(recurrent({ ...args, cell, seed: 1 }), options),
    tfLayers: theirs && (await medianStep(theirs, options)),
  };
}

/** The layer of tf.layers that computes the same, or null. */
function counterpart(cell: CellName, args: { units: number; inputShape: number[] }): Layer | null {
  const plain = { ...args, recurrentInitializer: 'glorotUniform', returnSequences: true } as const; // starts at once
  const gated = { ...plain, recurrentActivation: 'sigmoid' } as const;
  if (cell === 'vanilla') return layers.simpleRNN(plain);
  if (cell === 'lstm') return layers.lstm(gated);
  return cell === 'gru' ? layers.gru(gated) : null;
}

/** Trains the layer with a head of one unit on one batch, over and over. */
async function medianStep(layer: Layer, { batch, time, features, steps }: BenchOptions): Promise<number> {
  const model = sequential({ layers: [layer, layers.dense({ units: 1 })] });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const x = tf.randomNormal([batch, time, features], 0, 1, 'float32', 1);
  const y = tf.randomNormal([batch, time, 1], 0, 1, 'float32', 2);
  const ms: number[] = [];
  for (let n = 0; n <= steps; n++) {
    const start = performance.now();
    await model.trainOnBatch(x, y); // gives the loss as a number: the device has finished
    ms.push(performance.now() - start);
  }
  tf.dispose([x, y]);
  model.dispose();
  const timed = ms.slice(1).sort((a, b) => a - b);
  return timed[timed.length >> 1] as number;
}
