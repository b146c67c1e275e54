import { parseArgs } from 'node:util';
import { type BackendName, useBackend } from '@gatewise/backends';
import { GatewiseError } from '@gatewise/core';
import { engines } from '@gatewise/recurrence';
import { countGolden, findGolden, type GoldenResult, goldenLines, replayGoldenFile } from '@gatewise/testing';
import * as tf from '@tensorflow/tfjs-core';
import { golden } from './registry.js';

const usage = `Replays golden files (layout rnn-golden/1) and holds every tensor to its limit.

usage: npm run golden -- <file or folder>… [--engine E] [--backend B] [--json]

  --backend B   cpu (default), node, wasm, webgl, webgpu, auto
  --engine E    one engine by name, such as ops; default: the backend's first
  --json        one JSON object on standard output, the counts on standard error
  --help        this text

A limit is 8·float32Error + 4e-6·max|expected| + 1e-30; ONNX' node tests bring their own.
The last line counts: N passed, N failed, N skipped. The exit code is 1 when something failed.`;

async function main(): Promise<number> {
  const { values, positionals } = parse(process.argv.slice(2));
  if (values.help) {
    console.log(usage);
    return 0;
  }
  if (positionals.length === 0)
    throw new GatewiseError('GW_GOLDEN_USAGE', `got no file or folder\n\n${usage}`);
  const files = await findGolden(positionals);
  await useBackend(values.backend as BackendName);
  checkEngine(values.engine);
  const options = { ...golden, ...(values.engine !== undefined && { engine: values.engine }) };
  const results: GoldenResult[] = [];
  for (const file of files) {
    const result = await replayGoldenFile(file, options);
    if (!result) continue;
    results.push(result);
    if (!values.json) console.log(goldenLines(result).join('\n'));
  }
  return summarise(results, values.json ?? false);
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        engine: { type: 'string' },
        backend: { type: 'string', default: 'cpu' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new GatewiseError('GW_GOLDEN_USAGE', `${(error as Error).message}\n\n${usage}`);
  }
}

function checkEngine(wanted: string | undefined): void {
  const names = engines(tf.getBackend()).map(({ name }) => name);
  if (wanted === undefined || names.includes(wanted)) return;
  throw new GatewiseError(
    'GW_ENGINE_UNKNOWN',
    `got engine "${wanted}", wanted one of ${names.join(', ')}; choose another backend or engine`,
  );
}

/** The last line, and the exit code: nothing found is a failure too. */
function summarise(results: readonly GoldenResult[], json: boolean): number {
  const counts = countGolden(results);
  const line = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
  // JSON has no infinity: as in the files, it stands as a string
  const plain = (_: string, v: unknown) => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : v);
  if (json) console.log(JSON.stringify({ ...counts, files: results }, plain, 2));
  (json ? console.error : console.log)(line);
  return counts.failed > 0 || results.length === 0 ? 1 : 0;
}

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof GatewiseError)) throw error;
  console.error(error.message);
  return 1;
});
