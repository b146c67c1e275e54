import { GatewiseError } from '@gatewise/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Program } from './program.js';

/** How units are held at their old state: drawn, by expectation (inference), or by explicit masks (tests). */
export type Zoneout =
  | { readonly kind: 'draw'; readonly key: number; readonly rates: readonly number[] }
  | { readonly kind: 'expect'; readonly rates: readonly number[] }
  | { readonly kind: 'mask' };
/** Dropout on the operand of R: drawn, or by an explicit mask (tests). */
export type OperandDropout =
  | { readonly kind: 'draw'; readonly key: number; readonly rate: number; readonly perStep: boolean }
  | { readonly kind: 'mask'; readonly perStep: boolean };

/** What to compute, apart from the tensors: plain data. */
export interface RecurRequest {
  readonly program: Program;
  readonly B: number;
  readonly T: number;
  readonly I: number;
  readonly H: number;
  /** x is int32 ids [B,T]: x W is a gather of rows of W, dW a scatter. */
  readonly ids: boolean;
  readonly masked: boolean;
  readonly reverse: boolean;
  readonly padding: 'zeros' | 'hold';
  readonly operandDropout: OperandDropout | null;
  readonly zoneout: Zoneout | null;
  /** Keep what backward needs: a tape is on. */
  readonly record: boolean;
  /** dX: never asked for, surely asked for, or perhaps (then δA is kept). */
  readonly dx: 'never' | 'surely' | 'perhaps';
  /** δs_t at every step is asked for. */
  readonly probe: boolean;
}

/** The op's tensors. */
export interface RecurTensors {
  readonly x: Tensor; // float [B,T,I] or int32 [B,T]
  readonly W: Tensor; // [I, (input gates)·H]
  readonly R: Tensor | null; // [H, (recurrent gates)·H]
  readonly b: Tensor; // [gates·H]
  readonly vectors: readonly Tensor[]; // [H] each, in the program's order
  readonly state0: readonly (Tensor | null)[]; // [B,H] each, in the program's order; null is zeros
  readonly mask: Tensor | null; // [B,T] bool or int32
  readonly operandMask: Tensor | null; // [B,H] or [B,T,H]
  readonly holdMasks: readonly (Tensor | null)[] | null; // [B,T,H] by state, 1 holds
}

export interface RecurOutputs {
  readonly y: Tensor; // [B,T,H]
  readonly final: readonly Tensor[]; // [B,H] by state
  /** What backward needs, as tensors: the tape disposes of them, on pruned paths too. */
  readonly reserve: readonly Tensor[];
  /** What backward needs besides: how to read the reserve. */
  readonly notes: unknown;
}

/** What arrives at the op's outputs. */
export interface RecurCotangents {
  readonly dy: Tensor; // [B,T,H]
  readonly dfinal: readonly Tensor[]; // [B,H] by state
}

/** Gradients; the engine makes them all at once. */
export interface RecurGradients {
  /** When `dx` is 'surely', [B,T,I]. */
  readonly dx: Tensor | null;
  /** When `dx` is 'perhaps', δA of the input gates [B·T, (input gates)·H], or `later`. */
  readonly dA: Tensor | null;
  /** When `dx` is 'perhaps': dX [B,T,I] of tensors of the engine's own, which stay until nobody can ask for it. */
  readonly later?: { readonly kept: readonly Tensor[]; dx(W: Tensor): Tensor };
  readonly dW: Tensor;
  readonly dR: Tensor | null;
  readonly db: Tensor;
  readonly dvectors: readonly Tensor[];
  readonly dstate0: readonly Tensor[]; // by state
  readonly dprobe: Tensor | null; // [B,T,S·H] when probed
}

/** Runs whole sequences of any cell. Both functions are called inside a kernel and a tidy. */
export interface Engine {
  readonly name: string;
  /** Backends it runs on; none listed means every one. */
  readonly backends?: readonly string[];
  /** The highest that takes a request runs it; `ops` has 0. */
  readonly priority: number;
  /** True, or why not. */
  supports(request: RecurRequest): true | string;
  forward(request: RecurRequest, tensors: RecurTensors): RecurOutputs;
  backward(
    request: RecurRequest,
    tensors: RecurTensors,
    outputs: RecurOutputs,
    cotangents: RecurCotangents,
  ): RecurGradients;
}

const registered: Engine[] = [];
const warned = new Set<string>();

/** Adds an engine to the list of its backends; one of the same name is replaced. */
export function registerEngine(engine: Engine): void {
  const at = registered.findIndex(({ name }) => name === engine.name);
  if (at >= 0) registered.splice(at, 1);
  registered.push(engine);
  registered.sort((a, b) => b.priority - a.priority);
}

/** The engines of a backend, the preferred one first. */
export function engines(backend: string): readonly Engine[] {
  return registered.filter((e) => e.backends?.includes(backend) ?? true);
}

/**
 * The engine for a request: the one named, or the first that takes it, after `dial`. When a preferred one refuses, that
 * is said once.
 * Errors: `GW_ENGINE_UNKNOWN`, `GW_ENGINE_REFUSED`.
 */
export function chooseEngine(
  request: RecurRequest,
  backend: string,
  wanted?: string,
  dial: (engine: Engine) => Engine = (engine) => engine,
): Engine {
  const list = engines(backend).map(dial);
  if (wanted !== undefined) return namedEngine(list, request, backend, wanted);
  for (const engine of list) {
    const answer = engine.supports(request);
    if (answer === true) return engine;
    warnOnce(
      `gatewise: cell "${request.program.cell}" leaves the engine "${engine.name}" on ${backend}: ${answer}`,
    );
  }
  throw new GatewiseError('GW_ENGINE_UNKNOWN', `no engine takes this request on backend "${backend}"`);
}

function namedEngine(
  list: readonly Engine[],
  request: RecurRequest,
  backend: string,
  wanted: string,
): Engine {
  const engine = list.find(({ name }) => name === wanted);
  if (!engine) {
    const names = list.map(({ name }) => name).join(', ');
    throw new GatewiseError(
      'GW_ENGINE_UNKNOWN',
      `got engine "${wanted}", backend "${backend}" has: ${names}`,
    );
  }
  const answer = engine.supports(request);
  if (answer !== true) throw new GatewiseError('GW_ENGINE_REFUSED', `engine "${wanted}" refuses: ${answer}`);
  return engine;
}

function warnOnce(text: string): void {
  if (warned.has(text)) return;
  warned.add(text);
  console.warn(text);
}
