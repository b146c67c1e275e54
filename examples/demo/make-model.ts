import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modelFolder } from '@gatewise/plugin-checkpoint';
import { entryOf } from '@gatewise/safetensors';
import { io } from '@tensorflow/tfjs-core';

// Trains the quickstart's model and puts it beside the page, in half precision:
//   npx tsx --conditions gatewise-source examples/demo/make-model.ts [options of the quickstart]

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const recipe = ['--steps', '4000', '--seed', '1'];

/** The quickstart as anyone runs it; the folder of its run. */
function train(runs: string, args: readonly string[]): string {
  const program = ['-C', 'gatewise-source', '--import', 'tsx', here('../00-quickstart/index.ts')];
  const { status } = spawnSync(
    process.execPath,
    [...program, ...recipe, ...args, '--runs', runs, '--name', 'model'],
    { stdio: 'inherit' },
  );
  if (status !== 0) throw new Error(`the quickstart ended with ${status}`);
  return join(runs, 'model');
}

/** tf.js' own format, every weight as IEEE halves: half the bytes. */
async function pack(run: string, target: string): Promise<number> {
  const { modelTopology, format, weightSpecs, weightData } = await modelFolder(join(run, 'model')).load();
  const all = new Float32Array(io.CompositeArrayBuffer.join(weightData));
  const halves = entryOf('F16', [all.length], all).data;
  const weights = weightSpecs!.map((spec) => ({
    ...spec,
    quantization: { dtype: 'float16', original_dtype: 'float32' },
  }));
  const manifest = { format, modelTopology, weightsManifest: [{ paths: ['weights.bin'], weights }] };
  await mkdir(target, { recursive: true });
  await writeFile(join(target, 'model.json'), `${JSON.stringify(manifest)}\n`);
  await writeFile(join(target, 'weights.bin'), halves);
  await writeFile(join(target, 'vocabulary.json'), await readFile(join(run, 'vocabulary.json')));
  return halves.length;
}

const runs = await mkdtemp(join(tmpdir(), 'gatewise-demo-'));
try {
  const bytes = await pack(train(runs, process.argv.slice(2)), here('public/model'));
  console.log(`examples/demo/public/model: ${Math.round(bytes / 1000)} kB of weights`);
} finally {
  await rm(runs, { recursive: true });
}
