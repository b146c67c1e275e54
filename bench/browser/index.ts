import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { GatewiseError } from '@gatewise/core';
import { measureInPage } from './measure.js';
import type { GpuBackend } from './page.js';
import { floors, lines, type SizeName, sizes } from './report.js';

const help = `npm run bench -- --browser [options]

Measures the engines of the GPU backends beside tf.layers on the same backend, in turns, in a headless Chromium of its
own for each backend and size, on software rendering. Milliseconds say little about a GPU; the counts are the same there.

  --backends LIST  webgl, webgpu (default: both)
  --sizes LIST     ${Object.keys(sizes).join(', ')} (default: all)
  --rounds N       turns of each (default: 7)
  --json FILE      everything measured
`;

const { values } = parseArgs({
  options: {
    browser: { type: 'boolean' },
    help: { type: 'boolean' },
    backends: { type: 'string', default: Object.keys(floors).join() },
    sizes: { type: 'string', default: Object.keys(sizes).join() },
    rounds: { type: 'string', default: '7' },
    json: { type: 'string' },
  },
});

function some<T extends string>(option: string, text: string, known: readonly string[]): T[] {
  const odd = text.split(',').find((part) => !known.includes(part));
  if (odd === undefined) return text.split(',') as T[];
  throw new GatewiseError('GW_BENCH_VALUE', `got --${option} ${odd}, wanted some of ${known.join(', ')}`);
}

async function measureAll(): Promise<void> {
  const all: unknown[] = [];
  const rounds = Number(values.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    throw new GatewiseError(
      'GW_BENCH_VALUE',
      `got --rounds ${values.rounds}, wanted a whole number of at least 1`,
    );
  }
  for (const backend of some<GpuBackend>('backends', values.backends, Object.keys(floors))) {
    for (const name of some<SizeName>('sizes', values.sizes, Object.keys(sizes))) {
      const result = await measureInPage(backend, sizes[name], rounds);
      for (const line of lines(backend, name, result)) console.log(line);
      all.push({ backend, size: sizes[name], ...result });
    }
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(all, undefined, 1)}\n`);
}

if (values.help) console.log(help);
else {
  await measureAll().catch((error) => {
    console.error(error instanceof GatewiseError ? error.message : error);
    process.exitCode = 1;
  });
}
