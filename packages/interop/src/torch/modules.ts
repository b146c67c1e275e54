import { refuse, refuseLayer } from '../errors.js';
import type { Values } from '../model.js';
import { showShape } from '../values.js';

/** One level and direction of nn.RNN, nn.LSTM or nn.GRU, as the file has it. */
export interface TorchDirection {
  readonly W: Values; // [G·H, I]
  readonly R: Values; // [G·H, H]
  readonly bias: readonly [Values, Values] | undefined; // b_ih, b_hh, [G·H] each
}

/** A module of a state_dict. */
export type TorchModule =
  | {
      readonly kind: 'recurrent';
      readonly name: string;
      readonly gates: 1 | 3 | 4;
      readonly units: number;
      readonly levels: readonly (readonly TorchDirection[])[];
    }
  | {
      readonly kind: 'matrix';
      readonly name: string;
      readonly weight: Values;
      readonly bias: Values | undefined;
    };

const RECURRENT = /^(?:(.*)\.)?(weight|bias)_(ih|hh|hr)_l(\d{1,4})(_reverse)?$/s;
const PLAIN = /^(?:(.*)\.)?(weight|bias)$/s;

/** Sorts tensors into modules, in the order of the file. Errors: `GW_IMPORT_UNSUPPORTED`, `GW_IMPORT_WEIGHTS`. */
export function modulesOf(tensors: ReadonlyMap<string, Values>): TorchModule[] {
  const recurrent = new Map<string, Map<string, Values>>();
  const plain = new Map<string, Map<string, Values>>();
  for (const [key, values] of tensors) {
    const match = RECURRENT.exec(key) ?? PLAIN.exec(key);
    if (!match) {
      return refuse(
        'GW_IMPORT_UNSUPPORTED',
        `tensor "${key}" ${showShape(values.shape)}: got a name that is none of nn.RNN, nn.LSTM, nn.GRU, nn.Linear or nn.Embedding; save a state_dict of those alone`,
      );
    }
    const [, module = '', ...rest] = match;
    const into = match.length > 3 ? recurrent : plain;
    const own = into.get(module) ?? new Map<string, Values>();
    own.set(rest.filter((part) => part !== undefined).join(' '), values);
    into.set(module, own);
  }
  return [
    ...[...recurrent].map(([name, own]) => recurrentModule(name, own)),
    ...[...plain].map(([name, own]) => matrixModule(name, own)),
  ];
}

function matrixModule(name: string, own: ReadonlyMap<string, Values>): TorchModule {
  const weight = own.get('weight');
  const bias = own.get('bias');
  const [out = 0, width = 0] = weight?.shape ?? [];
  const fits = bias === undefined || (bias.shape.length === 1 && bias.shape[0] === out);
  if (weight?.shape.length === 2 && out > 0 && width > 0 && fits)
    return { kind: 'matrix', name, weight, bias };
  const got = [...own].map(([key, { shape }]) => `${key} ${showShape(shape)}`).join(', ');
  return refuseLayer(
    'GW_IMPORT_UNSUPPORTED',
    name,
    `got ${got}, wanted a weight [out, in] of nn.Linear or [ids, width] of nn.Embedding, and a bias [out] or none`,
    'take other modules out of the state_dict, or export the net as ONNX',
  );
}

function recurrentModule(name: string, own: ReadonlyMap<string, Values>): TorchModule {
  if ([...own.keys()].some((key) => key.startsWith('weight hr'))) {
    refuseLayer(
      'GW_IMPORT_UNSUPPORTED',
      name,
      'got weight_hr: an LSTM with proj_size, whose output is narrower than its memory',
      'train it with proj_size=0 and a linear layer after it',
    );
  }
  const levels: TorchDirection[][] = [];
  const keys = new Set(own.keys());
  const take = (key: string) => {
    keys.delete(key);
    return own.get(key);
  };
  const two = own.has('weight ih 0 _reverse');
  for (let l = 0; own.has(`weight ih ${l}`); l++) {
    const ends = two ? ['', ' _reverse'] : [''];
    levels.push(ends.map((end) => directionOf(name, `${l}${end}`, take)));
  }
  const left = [...keys][0];
  if (left !== undefined) {
    wrong(
      name,
      `got ${left.replaceAll(' ', '_')} without the level or direction that it belongs to`,
      'every level from 0, both directions in all levels or in none',
    );
  }
  const first = levels[0]![0]!;
  const units = first.R.shape[1]!;
  const gates = first.R.shape[0]! / units;
  if (gates !== 1 && gates !== 3 && gates !== 4) {
    return wrong(
      name,
      `got weight_hh ${showShape(first.R.shape)}`,
      'rows of 1 (RNN), 3 (GRU) or 4 (LSTM) gates for each column',
    );
  }
  checkShapes(name, levels, gates, units);
  return { kind: 'recurrent', name, gates, units, levels };
}

const wrong = (name: string, got: string, wanted: string): never =>
  refuseLayer('GW_IMPORT_WEIGHTS', name, `${got}, wanted ${wanted}`, 'save the whole state_dict again');

function directionOf(name: string, at: string, take: (key: string) => Values | undefined): TorchDirection {
  const [W, R, bx, bh] = ['weight ih', 'weight hh', 'bias ih', 'bias hh'].map((key) => take(`${key} ${at}`));
  if (!W || !R || !bx !== !bh) {
    const has = { weight_ih: W, weight_hh: R, bias_ih: bx, bias_hh: bh };
    const got = Object.entries(has).filter(([, values]) => values);
    return wrong(
      name,
      `got ${got.map(([key]) => key).join(', ')} of l${at}`,
      'weight_ih, weight_hh and both biases or none',
    );
  }
  if (R.shape.length !== 2 || !(R.shape[1]! > 0)) {
    return wrong(name, `got weight_hh ${showShape(R.shape)} of l${at}`, '[gates · H, H]');
  }
  return { W, R, bias: bx && bh ? [bx, bh] : undefined };
}

/** Every shape follows from gates, units and the width of the level below. */
function checkShapes(
  name: string,
  levels: readonly (readonly TorchDirection[])[],
  gates: number,
  H: number,
): void {
  const rows = gates * H;
  let width = levels[0]![0]!.W.shape[1];
  levels.forEach((directions, l) => {
    for (const { W, R, bias } of directions) {
      for (const [key, values, wanted] of [
        ['weight_ih', W, [rows, width]],
        ['weight_hh', R, [rows, H]],
        ...(bias ?? []).map((b) => ['a bias', b, [rows]] as const),
      ] as const) {
        const fits =
          values.shape.length === wanted.length &&
          wanted.every((n, i) => n !== undefined && n > 0 && n === values.shape[i]);
        if (!fits)
          wrong(
            name,
            `got ${key} ${showShape(values.shape)} in level ${l}`,
            showShape(wanted.map((n) => n ?? null)),
          );
      }
    }
    width = directions.length * H;
  });
}
