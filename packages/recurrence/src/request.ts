import { type AnyCell, GatewiseError } from '@gatewise/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { OperandDropout, RecurRequest, RecurTensors, Zoneout } from './engine.js';
import type { Lengths } from './lengths.js';
import type { Program } from './program.js';
import { recordProgram } from './record.js';

/** The memory dial. */
export type Memory = 'all' | 'states' | number;

/** What `recur` takes. T time steps, B rows, I features, H units. */
export interface RecurArgs {
  readonly x: Tensor; // float32 [B,T,I], or int32 ids [B,T]: x W is then a gather
  readonly W: Tensor; // [I, (gates that read x)·H]
  /** Absent when no gate reads the state (IndRNN). */
  readonly R?: Tensor; // [H, (gates that read the operand)·H]
  readonly b: Tensor; // [gates·H]
  readonly vectors?: Readonly<Record<string, Tensor>>; // [H] each
  /** Zeros where absent. */
  readonly state0?: Readonly<Record<string, Tensor>>; // [B,H] each
  /** 1 or true is a real step; a masked step holds the state, and x there is never read. */
  readonly mask?: Tensor; // [B,T] bool or int32
  /** How many steps of each row are real, 0 to T: the mask of right-padded rows, instead of `mask`. In reverse a row starts at its own last step. */
  readonly lengths?: Lengths; // numbers, or int32 [B]
  /** t = T−1…0; y[:,t] still belongs to input step t. */
  readonly reverse?: boolean;
  /** y at masked steps: zeros (default), or the held state. */
  readonly padding?: 'zeros' | 'hold';
  /** Dropout on the operand of R, one mask a sequence (default) or a step; `seed` is a u32 key. */
  readonly operandDropout?:
    | { readonly rate: number; readonly seed: number; readonly per?: 'sequence' | 'step' }
    | { readonly mask: Tensor }; // [B,H] or [B,T,H], already scaled
  /** Zoneout: rates by state; when not training, its expectation. */
  readonly zoneout?:
    | { readonly rates: Readonly<Record<string, number>>; readonly seed: number; readonly training: boolean }
    | { readonly masks: Readonly<Record<string, Tensor>> }; // [B,T,H], 1 holds
  /** Zeros; unread, but its gradient is δs_t of every state at every step. */
  readonly probe?: Tensor; // [B,T,S·H]
  /**
   * What is kept for backward: everything (default); states alone, so that the gates are computed once more, at most an
   * eighth of the sequence at a time; or the states of every n-th step, and n steps at a time. Same gradients.
   */
  readonly memory?: Memory;
  /** Under this name state gradients are reported to the run. */
  readonly layer?: string;
  /** Only this engine. */
  readonly engine?: string;
}

/** Checks names, ranks and sizes, and fills in the defaults. Errors: `GW_OP_…`. */
export function makeRequest(cell: AnyCell, args: RecurArgs, record: boolean) {
  const p = recordProgram(cell);
  checkNames(p, args);
  checkAlive(args);
  const tensors = makeTensors(p, args);
  const ids = args.x.dtype === 'int32';
  checkRank(p, args, ids);
  const [B, T] = args.x.shape as [number, number];
  const H = args.b.size / p.gates.length;
  const I = args.W.shape[0]!;
  checkShapes(p, args, tensors, { B, T, I, H, ids });
  const request: Omit<RecurRequest, 'dx'> = {
    program: p,
    B,
    T,
    I,
    H,
    ids,
    masked: args.mask !== undefined,
    reverse: args.reverse ?? false,
    padding: args.padding ?? 'zeros',
    operandDropout: operandDropoutOf(p, args),
    zoneout: zoneoutOf(p, args),
    record,
    probe: args.probe !== undefined,
  };
  return { request, tensors };
}

const fail = (code: `GW_OP_${string}`, p: Program, text: string): never => {
  throw new GatewiseError(code, `cell "${p.cell}": ${text}`);
};

function checkNames(p: Program, args: RecurArgs): void {
  const masks = args.zoneout && 'masks' in args.zoneout ? args.zoneout.masks : undefined;
  const rates = args.zoneout && 'rates' in args.zoneout ? args.zoneout.rates : undefined;
  const lists = [
    ['vectors', args.vectors, p.vectors],
    ['state0', args.state0, p.state],
    ['zoneout', masks, p.state],
    ['zoneout', rates, p.state],
  ] as const;
  for (const [what, given, wanted] of lists) {
    const odd = Object.keys(given ?? {}).find((name) => !wanted.includes(name));
    if (odd !== undefined)
      fail('GW_OP_NAME', p, `got "${odd}" in ${what}, wanted ${wanted.join(' ') || 'none'}`);
  }
  const missing = p.vectors.find((name) => !args.vectors?.[name]);
  if (missing !== undefined)
    fail('GW_OP_NAME', p, `got no vector "${missing}", wanted ${p.vectors.join(' ')}`);
  if (!args.R && p.recurrent.length > 0) fail('GW_OP_NAME', p, 'got no R, wanted [H, (recurrent gates)·H]');
}

function checkAlive(args: RecurArgs): void {
  const { x, W, R, b, mask, probe } = args;
  const named = { x, W, R, b, mask, probe, ...args.vectors, ...args.state0 };
  for (const [name, tensor] of Object.entries(named)) {
    if (tensor?.isDisposed) {
      throw new GatewiseError(
        'GW_OP_DISPOSED',
        `got a disposed tensor for ${name}, wanted a live one; keep it until after the call`,
      );
    }
  }
}

function makeTensors(p: Program, args: RecurArgs): RecurTensors {
  const masks = args.zoneout && 'masks' in args.zoneout ? args.zoneout.masks : null;
  return {
    x: args.x,
    W: args.W,
    R: p.recurrent.length > 0 ? args.R! : null,
    b: args.b,
    vectors: p.vectors.map((name) => args.vectors![name]!),
    state0: p.state.map((name) => args.state0?.[name] ?? null),
    mask: args.mask ?? null,
    operandMask: args.operandDropout && 'mask' in args.operandDropout ? args.operandDropout.mask : null,
    holdMasks: masks && p.state.map((name) => masks[name] ?? null),
  };
}

function checkRank(p: Program, { x, W, b }: RecurArgs, ids: boolean): void {
  const wanted = ids ? 'int32 ids [B,T]' : 'float32 [B,T,I]';
  if (x.rank !== (ids ? 2 : 3))
    fail('GW_OP_RANK', p, `got x of shape [${x.shape}] ${x.dtype}, wanted ${wanted}`);
  if (W.rank !== 2) fail('GW_OP_RANK', p, `got W of shape [${W.shape}], wanted [I, ${p.input.length}·H]`);
  if (b.rank !== 1 || b.size === 0 || b.size % p.gates.length !== 0) {
    fail(
      'GW_OP_UNITS',
      p,
      `got b of shape [${b.shape}], wanted [${p.gates.length}·H] for gates ${p.gates.join(' ')}`,
    );
  }
  const [B, T] = x.shape as [number, number];
  if (B === 0) fail('GW_OP_EMPTY', p, 'got a batch of 0 rows, wanted at least 1');
  if (T === 0)
    fail('GW_OP_EMPTY', p, 'got 0 time steps, wanted at least 1; leave empty sequences out or mask them');
}

type Sizes = Pick<RecurRequest, 'B' | 'T' | 'I' | 'H' | 'ids'>;

function checkShapes(p: Program, args: RecurArgs, tensors: RecurTensors, { B, T, I, H, ids }: Sizes): void {
  const S = p.state.length;
  const check = (name: string, tensor: Tensor | null | undefined, ...wanted: number[]) => {
    if (!tensor) return;
    if (tensor.rank === wanted.length && tensor.shape.every((n, i) => n === wanted[i])) return;
    const [got, want] = [`[${tensor.shape}]`, `[${wanted}]`];
    fail('GW_OP_SHAPE', p, `got ${name} of shape ${got}, wanted ${want} (B=${B} T=${T} I=${I} H=${H})`);
  };
  if (!ids) check('x', args.x, B, T, I);
  check('W', args.W, I, p.input.length * H);
  check('R', tensors.R, H, p.recurrent.length * H);
  p.vectors.forEach((name, k) => {
    check(name, tensors.vectors[k], H);
  });
  p.state.forEach((name, k) => {
    check(`${name}0`, tensors.state0[k], B, H);
    check(`zoneout mask ${name}`, tensors.holdMasks?.[k], B, T, H);
  });
  check('mask', tensors.mask, B, T);
  check('probe', args.probe, B, T, S * H);
  const drop = tensors.operandMask;
  if (drop) check('operandDropout mask', drop, ...(drop.rank === 3 ? [B, T, H] : [B, H]));
}

/** For how many steps at a time everything is kept. Errors: `GW_OP_MEMORY`. */
export function stepsKept({ name }: AnyCell, { memory = 'all', x }: RecurArgs): number {
  if (memory === 'all') return Number.POSITIVE_INFINITY;
  // an eighth of the gates at a time: less saves little beside y, and short stretches take longer
  const T = x.shape[1]!;
  if (memory === 'states') return Math.ceil(Math.max(Math.sqrt(T), T / 8));
  if (Number.isInteger(memory) && memory > 0) return memory;
  throw new GatewiseError(
    'GW_OP_MEMORY',
    `cell "${name}": got memory = ${String(memory)}, wanted 'all', 'states', or after how many steps states are kept`,
  );
}

function checkRate(p: Program, what: string, rate: number): number {
  if (rate >= 0 && rate < 1) return rate;
  return fail('GW_OP_RATE', p, `got a ${what} rate of ${rate}, wanted 0 ≤ rate < 1`);
}

function operandDropoutOf(p: Program, { operandDropout: d }: RecurArgs): OperandDropout | null {
  if (!d) return null;
  if ('mask' in d) return { kind: 'mask', perStep: d.mask.rank === 3 };
  if (checkRate(p, 'dropout', d.rate) === 0) return null;
  return { kind: 'draw', key: d.seed >>> 0, rate: d.rate, perStep: d.per === 'step' };
}

function zoneoutOf(p: Program, { zoneout: z }: RecurArgs): Zoneout | null {
  if (!z) return null;
  if ('masks' in z) return { kind: 'mask' };
  const rates = p.state.map((name) => checkRate(p, 'zoneout', z.rates[name] ?? 0));
  if (rates.every((rate) => rate === 0)) return null;
  return z.training ? { kind: 'draw', key: z.seed >>> 0, rates } : { kind: 'expect', rates };
}
