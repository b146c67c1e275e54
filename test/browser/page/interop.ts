import { build, describe as describeModel, readModel, writeKerasWeights } from '@gatewise/interop';
import { goldenLines, type Runner, replayGolden } from '@gatewise/testing';
import { backend } from './backend.js';
import { json } from './golden.js';

/** Models of PyTorch, Keras and tf.layers, read in the page; HDF5 is WebAssembly, which the page's policy must allow. */
export function interopSuite({ describe, it }: Runner): void {
  describe('models of other libraries', () => {
    for (const name of ['torch_lstm_2layer_bidirectional', 'keras_seq', 'tfjs_sigmoid']) {
      it(`${name} gives what it gave there`, async () => {
        await backend('cpu');
        const golden = await json(`/golden/interchange/${name}.json`);
        const result = await replayGolden(name, golden, { read });
        if (result.status !== 'passed') throw new Error(goldenLines(result).join('\n'));
      });
    }

    it('weights of Keras are written too, and read again the same', async () => {
      await backend('cpu');
      const spec = await readModel((await read('keras_seq.keras'))!);
      const model = build(spec);
      const { modelConfig: config } = (await json('/golden/interchange/keras_seq.json')) as {
        modelConfig: string;
      };
      const described = await describeModel(model);
      model.dispose();
      const again = await readModel(await writeKerasWeights(described), { config });
      const outputs = [described, again].map(({ layers }) =>
        JSON.stringify(layers.map(({ name, kind }) => [name, kind])),
      );
      if (outputs[0] !== outputs[1]) throw new Error(`got ${outputs[1]}, wanted ${outputs[0]}`);
    });
  });
}

async function read(path: string): Promise<Uint8Array | undefined> {
  const response = await fetch(`/golden/interchange/${path}`);
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
}
