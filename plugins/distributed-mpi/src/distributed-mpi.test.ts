import '@tensorflow/tfjs';
import { lstm } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { type Communicator, definePlugin, type Logger, type PluginModule, Tokens } from '@gatewise/plugin';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { distributedHooks } from './distributed-mpi.js';
import { distributedMpi } from './index.js';
import { candidates } from './library.js';
import { launched } from './world.js';

afterEach(() => vi.unstubAllEnvs());

async function run(plugins: readonly PluginModule[]) {
  await tf.setBackend('cpu');
  const model = sequential({
    layers: [
      lstm({ units: 2, seed: 1, inputShape: [3, 1] }),
      layers.dense({ units: 2, kernelInitializer: 'ones' }),
    ],
  });
  const optimizer = adam({ learningRate: 0.01 });
  const batches = () => [{ x: tf.ones([2, 3, 1]), y: tf.tensor1d([0, 1], 'int32') }];
  try {
    await train(model, batches, { epochs: 3, optimizer, loss: 'softmaxCrossEntropy', plugins });
    return await Promise.all(model.getWeights().map(async (w) => [...(await w.data())]));
  } finally {
    model.dispose();
    optimizer.dispose();
  }
}

describe('distributedMpi', () => {
  it('is one process where no launcher started it, the same as without it', async () => {
    let seen: Communicator | undefined;
    const look = definePlugin(
      'look',
      (_: object, communicator: Communicator) => {
        seen = communicator;
        return {};
      },
      [Tokens.Communicator],
    );
    expect(await run([distributedMpi({ localSteps: 2 }), look({})])).toEqual(await run([]));
    expect(seen).toMatchObject({ rank: 0, size: 1, work: { localSteps: 2, data: 'global' } });
    await seen!.barrier();
  });

  it('names the package that brings a library, where a launcher wants one and none is there', async () => {
    vi.stubEnv('OMPI_COMM_WORLD_SIZE', '2');
    vi.stubEnv('GATEWISE_MPI', 'libnowhere.so');
    await expect(run([distributedMpi()])).rejects.toMatchObject({
      code: 'GW_MPI_LIBRARY',
      message: expect.stringMatching(
        /got none of libnowhere.so.*apt-get install openmpi-bin.*GATEWISE_MPI\. The loader said: ./s,
      ),
    });
  });

  it.each([
    [{ timeout: 0 }, /timeout 0/],
    [{ bucketBytes: 2 }, /bucketBytes 2/],
    [{ localSteps: 1.5 }, /localSteps 1.5/],
    [{ data: 'half' as never }, /data "half"/],
  ])('refuses %j', (options, message) => {
    expect(() => distributedMpi(options)).toThrow(message);
    expect(() => distributedMpi(options)).toThrow(/^GW_MPI_OPTIONS: got .*, wanted /);
  });

  it('says what the ranks run on, and what they told one another', () => {
    const said: string[] = [];
    const logger = { info: (line: string) => said.push(line), warn: () => {} } as Logger;
    const spent = { bytes: 1000, ms: 5, calls: 2 };
    const traffic = { version: 'Open MPI v4.1.4', hosts: 2, spent };
    const hooks = distributedHooks(() => ({ communicator: { size: 4 } as Communicator, traffic }), logger);
    hooks.onTrainBegin();
    Object.assign(spent, { bytes: 20_001_000, ms: 1255, calls: 12 });
    hooks.onTrainEnd();
    expect(said).toEqual([
      '4 ranks on 2 hosts, Open MPI v4.1.4',
      'between ranks: 20.0 MB in 10 reductions, 1.25 s with waiting',
    ]);
  });
});

it('tries the library of the launcher first, and one that is named alone', () => {
  expect(candidates(undefined, { OMPI_COMM_WORLD_SIZE: '2', PMI_SIZE: '2' })[0]).toBe('libmpi.so.40');
  expect(candidates(undefined, { PMI_SIZE: '2' })[0]).toBe('libmpich.so.12');
  expect(candidates('mine.so', { PMI_SIZE: '2' })).toEqual(['mine.so']);
});

it('knows the launchers by what they put into the environment', () => {
  expect(launched({})).toBeUndefined();
  expect(launched({ OMPI_COMM_WORLD_SIZE: '4' })).toBe(4);
  expect(launched({ PMI_SIZE: '8' })).toBe(8);
  expect(launched({ SLURM_STEP_NUM_TASKS: '16' })).toBe(16);
  expect(launched({ PMIX_RANK: '0' })).toBe(0);
});
