import { parseArgs } from 'node:util';
import { type BackendName, backendNames } from '@gatewise/backends';
import { didYouMean, GatewiseError } from '@gatewise/core';
import { type CellName, cellChoices } from './model.js';

/** What the command line decides. */
export interface Options {
  readonly cell: CellName;
  readonly backend: BackendName;
  readonly seed: number;
  /** Absent: `defaultSteps` of the engine. */
  readonly steps?: number;
  /** Ends training early, never later. */
  readonly minutes?: number;
  /** The folder under runs/; made up from the rest when absent. */
  readonly name?: string;
  readonly json: boolean;
  readonly help: boolean;
}

const backends: readonly string[] = [...backendNames, 'auto'];
const defaults = { cell: 'lstm', backend: 'wasm', seed: '1' };

/** About a minute of work on 2 cores; `ops`, without the C++ engine, is several times slower. */
export const defaultSteps = (engine: string) => (engine === 'ops' ? 200 : 800);

export const helpText = `npm run quickstart -- [options]

Trains a character model on Moby Dick, scores it on text it has not seen, lets it write, saves it.

  --cell NAME      ${cellChoices.join(' ')} (default: ${defaults.cell})
  --backend NAME   ${backends.join(' ')} (default: ${defaults.backend})
  --seed N         of the starting weights, dropout and samples (default: ${defaults.seed})
  --steps N        updates (default: ${defaultSteps('native')}, or ${defaultSteps('ops')} without a fused engine: about a minute on 2 cores)
  --minutes X      stop after X minutes, even if steps are left
  --name NAME      of the folder runs/NAME; an existing one is never overwritten
  --json           the result as JSON on stdout, everything else on stderr
  --help           this text
`;

const known = {
  cell: { type: 'string' },
  backend: { type: 'string' },
  seed: { type: 'string' },
  steps: { type: 'string' },
  minutes: { type: 'string' },
  name: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;
const optionNames = Object.keys(known);

/** Reads the command line. Errors: `GW_QUICKSTART_OPTION`, `GW_QUICKSTART_VALUE`. */
export function readOptions(argv: readonly string[]): Options {
  const { values, tokens } = parseArgs({
    args: [...argv],
    options: known,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) checkToken(token);
  const text = {
    ...defaults,
    ...(values as Partial<Record<Exclude<keyof typeof known, 'json' | 'help'>, string>>),
  };
  return {
    cell: choice('cell', text.cell, cellChoices),
    backend: choice('backend', text.backend, backends) as BackendName,
    seed: count('seed', text.seed, 0),
    ...(text.steps === undefined ? {} : { steps: count('steps', text.steps, 1) }),
    ...(text.minutes === undefined ? {} : { minutes: minutes(text.minutes) }),
    ...(text.name === undefined ? {} : { name: folderName(text.name) }),
    json: values.json === true,
    help: values.help === true,
  };
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];

function checkToken(token: Token): void {
  if (token.kind === 'option-terminator') return;
  if (token.kind === 'positional') {
    throw new GatewiseError(
      'GW_QUICKSTART_OPTION',
      `got "${token.value}", wanted only options such as --cell gru`,
    );
  }
  const { name, rawName, value } = token;
  if (!Object.hasOwn(known, name)) {
    throw new GatewiseError(
      'GW_QUICKSTART_OPTION',
      `got the unknown option ${rawName}${didYouMean(name, optionNames, '--')}; npm run quickstart -- --help lists them all`,
    );
  }
  const takesValue = known[name as keyof typeof known].type === 'string';
  if (takesValue !== (value !== undefined)) {
    const wanted = takesValue ? `a value: ${rawName} VALUE` : `no value: ${rawName} alone`;
    throw new GatewiseError(
      'GW_QUICKSTART_VALUE',
      `got ${rawName} ${value ?? 'without one'}, wanted ${wanted}`,
    );
  }
}

function choice<const T extends string>(option: string, value: string, names: readonly T[]): T {
  const found = names.find((name) => name === value);
  if (found !== undefined) return found;
  throw new GatewiseError(
    'GW_QUICKSTART_VALUE',
    `got --${option} ${value}, wanted one of ${names.join(', ')}${didYouMean(value, names)}`,
  );
}

function count(option: string, value: string, least: number): number {
  const n = Number(value);
  if (value.trim() !== '' && Number.isSafeInteger(n) && n >= least) return n;
  throw new GatewiseError(
    'GW_QUICKSTART_VALUE',
    `got --${option} ${value}, wanted a whole number of at least ${least}`,
  );
}

function minutes(value: string): number {
  const n = Number(value);
  if (value.trim() !== '' && Number.isFinite(n) && n > 0) return n;
  throw new GatewiseError(
    'GW_QUICKSTART_VALUE',
    `got --minutes ${value}, wanted a number above 0, such as 0.5`,
  );
}

function folderName(value: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(value)) return value;
  throw new GatewiseError(
    'GW_QUICKSTART_VALUE',
    `got --name ${JSON.stringify(value)}, wanted letters, digits, ".", "_" and "-", a letter or digit first`,
  );
}
