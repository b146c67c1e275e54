import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { GatewiseError } from '@gatewise/core';
import { findMpi } from '../../scripts/setup-mpi.mjs';
import { busyWarning, describeMachine } from '../machine.js';
import { drawScaling } from './chart.js';
import type { Found } from './rank.js';
import { predict, type Report, report, withReport } from './report.js';
import { measure } from './start.js';

const help = `npm run bench -- --scaling [options]

Measures training steps, bytes and all-reduces on one process with two threads, and on 1, 2 and 4 ranks with one thread each;
then predicts how well 8 to 1,024 ranks would do on two networks, for three sizes of model.

  --rounds N   turns of one process and two ranks at size L (default: 5)
  --steps N    steps of each turn (default: 24)
  --quick      tiny sizes: shows that everything runs
  --json FILE  everything measured and predicted
  --write      results/scaling.json and .svg, and the table in plugins/distributed-mpi/SCALING.md
`;

const { values: given } = parseArgs({
  options: {
    scaling: { type: 'boolean' },
    help: { type: 'boolean' },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    steps: { type: 'string' },
    json: { type: 'string' },
  },
});
const real = {
  S: { B: 32, T: 50, I: 64, H: 128 },
  L: { B: 64, T: 100, I: 128, H: 256 },
  XL: { B: 64, T: 100, I: 512, H: 1024 },
};
const tiny = { S: { B: 4, T: 3, I: 2, H: 3 }, L: { B: 8, T: 4, I: 3, H: 5 }, XL: { B: 4, T: 5, I: 6, H: 7 } };
const BYTES = [64, 1024, 16_384, 131_072, 1_048_576, 4_194_304, 16_777_216];

function count(name: string, text: string): number {
  const n = Number(text);
  if (Number.isSafeInteger(n) && n >= 1) return n;
  throw new GatewiseError('GW_BENCH_VALUE', `got --${name} ${text}, wanted a whole number of at least 1`);
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function main(): Promise<Report> {
  const mpirun = await findMpi();
  const machine = describeMachine();
  const busy = busyWarning(machine);
  if (busy) console.log(busy);
  const sizes = given.quick ? tiny : real;
  const rounds = count('rounds', given.rounds ?? (given.quick ? '1' : '5'));
  const steps = count('steps', given.steps ?? (given.quick ? '4' : '24'));
  const bytes = given.quick ? BYTES.slice(0, 2) : BYTES;
  const say = (what: string, { stepMs }: Found) =>
    console.log(`${what.padEnd(44)} ${stepMs.toFixed(2)} ms a step`);
  const turns: { one: Found; two: Found }[] = [];
  for (let k = 0; k < rounds; k++) {
    const one = await measure({ ...sizes.L, steps, bytes: [] }, { threads: 2 });
    const two = await measure({ ...sizes.L, steps, bytes }, { ranks: 2, mpirun });
    say('L, one process, two threads', one);
    say('L, two ranks, one thread each', two);
    turns.push({ one, two });
  }
  const four = await measure({ ...sizes.L, steps: Math.min(steps, 6), bytes: [] }, { ranks: 4, mpirun });
  say('L, four ranks (more than cores, if 2)', four);
  const single: Record<string, Found> = {};
  for (const [name, size] of Object.entries(sizes)) {
    const few = name === 'XL' ? Math.min(steps, 5) : steps;
    single[name] = await measure({ ...size, steps: few, bytes: [] }, { ranks: 1, mpirun });
    say(`${name}, one rank, one thread`, single[name]);
  }
  const ratios = turns.map(({ one, two }) => two.stepMs / one.stepMs);
  return predict({ machine, sizes, turns, four, single, ratio: median(ratios), ratios });
}

if (given.help) console.log(help);
else {
  const found = await main();
  console.log(`\n${report(found)}`);
  const json = `${JSON.stringify(found, undefined, 1)}\n`;
  if (given.json) writeFileSync(given.json, json);
  if (given.write) {
    const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
    mkdirSync(at('../results'), { recursive: true });
    writeFileSync(at('../results/scaling.json'), json);
    writeFileSync(at('../results/scaling.svg'), await drawScaling(found));
    const page = at('../../plugins/distributed-mpi/SCALING.md');
    writeFileSync(page, withReport(readFileSync(page, 'utf8'), found));
  }
}
