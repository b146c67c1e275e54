import { parseArgs } from 'node:util';
import { didYouMean, GatewiseError } from '@gatewise/core';
import { type CellName, cells, type Measure, measures, type SizeName, sizes } from './cases.js';
import { peerNames } from './subjects.js';

/** What the command line decides. */
export interface Options {
  readonly peers: readonly string[];
  readonly sizes: readonly SizeName[];
  readonly engines: readonly string[];
  readonly cells: readonly CellName[];
  readonly measures: readonly Measure[];
  readonly rounds: number;
  readonly json?: string;
  readonly quick: boolean;
  readonly write: boolean;
  readonly help: boolean;
}

const sizeNames = Object.keys(sizes) as SizeName[];
const engineNames = ['native', 'wasm', 'ops'];

export const helpText = `npm run bench -- [options]

Measures the engines beside other frameworks, in turns, in one run, each in a process of its own with 2 threads.
Results are compared before anything is timed. Everything takes about 20 minutes; figures mean something when
nothing else runs. Writes bench/results/last.json and last.svg.

  --peers LIST     all, none, or some of ${peerNames.join(' ')} (default: all)
  --sizes LIST     ${sizeNames.join(' ')} (default: all)
  --engine LIST    ${engineNames.join(' ')} (default: all)
  --cells LIST     ${cells.join(' ')} (default: all)
  --measures LIST  ${measures.join(' ')} (default: all)
  --rounds N       turns of each (default: 7)
  --json FILE      the rows as a JSON array
  --write          put the table into bench/README.md, the rows and the chart into bench/results under today's date
  --quick          a tiny size, two rounds: shows that everything runs
  --browser        the GPU engines in a Chromium instead; has options of its own, see --browser --help
  --help           this text

Lists are separated by commas. Peers are set up in bench/.peers the first time, about 2 GB: they need python3 with venv
and npm. One that is missing is said to be, with the reason.
`;

const known = {
  peers: { type: 'string' },
  sizes: { type: 'string' },
  engine: { type: 'string' },
  cells: { type: 'string' },
  measures: { type: 'string' },
  rounds: { type: 'string' },
  json: { type: 'string' },
  write: { type: 'boolean' },
  quick: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** Reads the command line. Errors: `GW_BENCH_OPTION`, `GW_BENCH_VALUE`. */
export function readOptions(argv: readonly string[]): Options {
  const { values, tokens } = parseArgs({
    args: [...argv],
    options: known,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) checkToken(token);
  const text = values as Partial<Record<keyof typeof known, string>>;
  const quick = values.quick === true;
  if (quick && values.write === true) {
    throw new GatewiseError(
      'GW_BENCH_VALUE',
      'got --write with --quick, which measures nothing real; wanted one of them',
    );
  }
  return {
    peers: peersOf(text.peers ?? 'all'),
    sizes: list('sizes', text.sizes, sizeNames),
    engines: list('engine', text.engine, engineNames),
    cells: list('cells', text.cells, cells),
    measures: list('measures', text.measures, measures),
    rounds: rounds(text.rounds ?? (quick ? '2' : '7')),
    ...(text.json === undefined ? {} : { json: text.json }),
    ...{ quick, write: values.write === true, help: values.help === true },
  };
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];

function checkToken(token: Token): void {
  if (token.kind === 'option-terminator') return;
  if (token.kind === 'positional') {
    throw new GatewiseError('GW_BENCH_OPTION', `got "${token.value}", wanted only options such as --sizes S`);
  }
  const { name, rawName, value } = token;
  if (!Object.hasOwn(known, name)) {
    const hint = didYouMean(name, Object.keys(known), '--');
    throw new GatewiseError(
      'GW_BENCH_OPTION',
      `got the unknown option ${rawName}${hint}; --help lists them all`,
    );
  }
  const takesValue = known[name as keyof typeof known].type === 'string';
  if (takesValue === (value !== undefined)) return;
  const wanted = takesValue ? `a value: ${rawName} VALUE` : `no value: ${rawName} alone`;
  throw new GatewiseError('GW_BENCH_VALUE', `got ${rawName} ${value ?? 'without one'}, wanted ${wanted}`);
}

function peersOf(text: string): readonly string[] {
  if (text === 'all') return peerNames;
  return text === 'none' ? [] : list('peers', text, peerNames);
}

function list<const T extends string>(
  option: string,
  text: string | undefined,
  names: readonly T[],
): readonly T[] {
  if (text === undefined) return names;
  return text.split(',').map((part) => {
    const name = names.find((one) => one === part.trim());
    if (name !== undefined) return name;
    throw new GatewiseError(
      'GW_BENCH_VALUE',
      `got --${option} ${text}, wanted some of ${names.join(', ')}, separated by commas${didYouMean(part.trim(), names)}`,
    );
  });
}

function rounds(text: string): number {
  const n = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(n) && n >= 1) return n;
  throw new GatewiseError('GW_BENCH_VALUE', `got --rounds ${text}, wanted a whole number of at least 1`);
}
