import { type AnyCell, GatewiseError } from '@gatewise/core';
import type { Settings } from './config.js';
import { checkInitialiser, chronoGates } from './initialisers.js';

export const bad = (code: `GW_${string}`, message: string): never => {
  throw new GatewiseError(code, message);
};

/** Every value of a config that has its defaults. Errors: `GW_LAYER_OPTION`, `GW_LAYER_RATE`, `GW_LAYER_INITIALISER`. */
export function checkValues(s: Settings): void {
  if (s.padding !== 'zeros' && s.padding !== 'hold') {
    bad('GW_LAYER_OPTION', `got padding = ${String(s.padding)}, wanted 'zeros' or 'hold'`);
  }
  for (const option of [
    'kernelInitializer',
    'recurrentInitializer',
    'biasInitializer',
    'vectorInitializer',
  ] as const) {
    checkInitialiser(option, s[option]);
  }
  if (s.forgetBias !== undefined && !s.cell.gates.includes('f')) {
    const gates = s.cell.gates.join(' ');
    bad(
      'GW_LAYER_OPTION',
      `got forgetBias, but cell "${s.cell.name}" has no gate f (${gates}); leave it out`,
    );
  }
  for (const [option, value] of Object.entries({ forgetBias: s.forgetBias, seed: s.seed })) {
    if (value !== undefined && !Number.isFinite(value)) {
      bad('GW_LAYER_OPTION', `got ${option} = ${String(value)}, wanted a finite number`);
    }
  }
  for (const option of ['dropout', 'recurrentDropout', 'dropConnect', 'outputDropout'] as const)
    checkRate(option, s[option]);
  if (!['sequence', 'step'].includes(s.recurrentDropoutPer)) {
    bad(
      'GW_LAYER_OPTION',
      `got recurrentDropoutPer = ${String(s.recurrentDropoutPer)}, wanted 'sequence' or 'step'`,
    );
  }
  const { memory } = s;
  if (memory !== 'all' && memory !== 'states' && !(Number.isInteger(memory) && memory > 0)) {
    bad(
      'GW_LAYER_OPTION',
      `got memory = ${String(memory)}, wanted 'all', 'states', or after how many steps states are kept`,
    );
  }
  checkChrono(s);
  for (const [state, rate] of Object.entries(s.zoneout)) checkRate(`zoneout.${state}`, rate);
}

/** Errors: `GW_LAYER_OPTION`. */
function checkChrono({ biasInitializer, memoryLength, cell }: Settings): void {
  const chrono = biasInitializer === 'chrono';
  if (memoryLength !== undefined && !(memoryLength > 2 && Number.isFinite(memoryLength))) {
    bad('GW_LAYER_OPTION', `got memoryLength = ${String(memoryLength)}, wanted a number of steps above 2`);
  }
  if (chrono !== (memoryLength !== undefined)) {
    const got = chrono
      ? "biasInitializer 'chrono' without memoryLength"
      : "memoryLength without biasInitializer 'chrono'";
    bad(
      'GW_LAYER_OPTION',
      `got ${got}, wanted both: chrono starts gates for memories of up to memoryLength steps`,
    );
  }
  if (chrono && !chronoGates(cell.gates)) {
    bad(
      'GW_LAYER_OPTION',
      `got biasInitializer 'chrono', but cell "${cell.name}" has neither gates i and f nor z (${cell.gates.join(' ')})`,
    );
  }
}

/** Errors: `GW_LAYER_RATE`. */
export function checkRate(option: string, rate: unknown): void {
  if (typeof rate === 'number' && rate >= 0 && rate < 1) return;
  bad('GW_LAYER_RATE', `got ${option} = ${String(rate)}, wanted a rate of at least 0 and below 1`);
}

/** Rates by state, from one rate or some. Errors: `GW_LAYER_RATE`. */
export function zoneoutByState(
  cell: AnyCell,
  zoneout: number | Readonly<Record<string, number>>,
): Record<string, number> {
  if (typeof zoneout === 'number') return Object.fromEntries(cell.state.map((s) => [s, zoneout]));
  const unknown = Object.keys(zoneout).find((state) => !cell.state.includes(state));
  if (unknown !== undefined) {
    bad(
      'GW_LAYER_RATE',
      `got zoneout for "${unknown}", wanted states of "${cell.name}": ${cell.state.join(' ')}`,
    );
  }
  return { ...zoneout };
}

export function positive(code: `GW_${string}`, option: string, value: unknown): void {
  if (Number.isInteger(value) && (value as number) > 0) return;
  bad(code, `got ${option} = ${String(value)}, wanted a positive integer`);
}

export function flag<K extends string>(
  config: Readonly<Partial<Record<K, unknown>>>,
  option: K,
  otherwise: boolean,
): boolean {
  const value: unknown = config[option] ?? otherwise;
  if (typeof value === 'boolean') return value;
  return bad('GW_LAYER_OPTION', `got ${option} = ${String(value)}, wanted true or false`);
}
