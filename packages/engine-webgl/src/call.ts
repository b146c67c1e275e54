import { foldKey } from '@gatewise/core';
import type { RecurRequest, RecurTensors } from '@gatewise/recurrence';
import { drawLimit } from '@gatewise/shader';
import type { Tensor } from '@tensorflow/tfjs-core';
import { backend, textureOf } from './backend.js';
import { type At, type Constants, newSheet, Painter } from './canvas.js';
import type { Facts } from './facts.js';
import { type Order, stepsSheet } from './into-sheets.js';
import type { Pair } from './out-of-sheets.js';
import type { Pass, Sampler } from './source.js';

/** Where a piece of a cut request begins in the whole. */
export interface Origin {
  readonly t0: number;
  readonly b0: number;
}

/** The textures of a call, and the draws over them. */
export class Call {
  readonly order: Order;
  readonly #constants: Constants;
  /** Sheets of one texture, and of two, by name; what stands before the first step and after the last. */
  readonly single = new Map<string, Tensor>();
  readonly pairs = new Map<string, Pair>();
  readonly first = new Map<string, Tensor>();
  readonly last = new Map<string, Tensor>();

  constructor(
    readonly request: RecurRequest,
    readonly facts: Facts,
    origin: Origin,
  ) {
    const { B, T, reverse } = request;
    this.order = { B, T, B4: Math.ceil(B / 4), reverse };
    this.#constants = { ...this.order, ...origin, ...drawsOf(request) };
  }

  /** Rows of a sheet that holds every second step. */
  get #half(): number {
    return Math.ceil(this.order.T / 2) * this.order.B4;
  }

  /** Two textures for a value of every step, `columns` wide. */
  pair(name: string, columns = this.facts.H): Pair {
    const known = this.pairs.get(name);
    if (known) return known;
    const made: Pair = [newSheet(this.#half, columns), newSheet(this.#half, columns)];
    this.pairs.set(name, made);
    return made;
  }

  /** What a pass reads at steps of a parity; at the first and last step something else may lie there. */
  #textures(
    samplers: readonly Sampler[],
    parity: number,
    edge: 'first' | 'last' | 'both' | null,
  ): WebGLTexture[] {
    const of = backend();
    return samplers.map(({ sheet, when }) => textureOf(of, this.#sheet(sheet, when, parity, edge)));
  }
  #sheet(
    name: string,
    when: Sampler['when'],
    parity: number,
    edge: 'first' | 'last' | 'both' | null,
  ): Tensor {
    if (when === 'one') return this.single.get(name)!;
    const early = edge === 'first' || edge === 'both';
    const late = edge === 'last' || edge === 'both';
    const special =
      when === 'before' && early
        ? this.first.get(name)
        : when === 'after' && late
          ? this.last.get(name)
          : undefined;
    if (special) return special;
    const at = { now: parity, before: 1 - parity, after: 1 - parity, even: 0, odd: 1 }[when];
    return this.pairs.get(name)![at]!;
  }

  /** Runs passes step by step: n = 0…T−1, or back. */
  steps(passes: readonly Pass[], backwards: boolean): void {
    const { T, B4 } = this.order;
    const painters = passes.map((pass) => this.#painter(pass));
    const usual = passes.map((pass) => [0, 1].map((p) => this.#textures(pass.samplers, p, null)));
    let current: Painter | null = null;
    for (let i = 0; i < T; i++) {
      const n = backwards ? T - 1 - i : i;
      const [parity, row] = [n & 1, (n >> 1) * B4];
      const edge = T === 1 ? 'both' : n === 0 ? 'first' : n === T - 1 ? 'last' : null;
      passes.forEach((pass, k) => {
        const painter = painters[k]!;
        const textures = edge ? this.#textures(pass.samplers, parity, edge) : usual[k]![parity]!;
        if (painter !== current) painter.begin();
        current = painter;
        painter.draw(this.#at(n), textures, this.facts.H, row, B4);
      });
    }
    for (const painter of painters) painter.end();
  }

  #at(n: number): At {
    const { T, B4 } = this.order;
    const parity = n & 1;
    const started = n > 0 || this.first.size > 0;
    return {
      parity,
      before: started ? (n === 0 ? 0 : (parity - 1) * B4) : null,
      after: n < T - 1 ? parity * B4 : null,
    };
  }

  /** Runs passes over all steps at once: the step's own draw, on many rows. */
  allSteps(passes: readonly Pass[], columns = this.facts.H): void {
    const { T, B4 } = this.order;
    for (const pass of passes) {
      const painter = this.#painter(pass, columns);
      painter.begin();
      painter.draw(this.#at(0), this.#textures(pass.samplers, 0, 'first'), columns, 0, B4);
      const more = Math.ceil(T / 2) - 1;
      if (more > 0) painter.draw(this.#at(2), this.#textures(pass.samplers, 0, null), columns, B4, more * B4);
      const odd = Math.floor(T / 2);
      if (odd > 0) painter.draw(this.#at(1), this.#textures(pass.samplers, 1, null), columns, 0, odd * B4);
      painter.end();
    }
  }

  /** One draw of a pass that goes over all steps itself, into sheets of their own. */
  once(pass: Pass, rows: number, columns: number, where: Partial<At> = {}): void {
    const made = pass.outputs.map((name) => {
      const sheet = newSheet(rows, columns);
      this.single.set(name, sheet);
      return sheet;
    });
    const painter = new Painter(pass, [made], this.#constants);
    painter.begin();
    const before = this.first.size > 0 ? 0 : null;
    const at = { parity: 0, before, after: 0, ...where };
    painter.draw(at, this.#textures(pass.samplers, at.parity, null), columns, 0, rows);
    painter.end();
  }

  #painter(pass: Pass, columns = this.facts.H): Painter {
    const outputs = pass.outputs.map((name) => this.pair(name, columns));
    return new Painter(pass, [outputs.map(([even]) => even), outputs.map(([, odd]) => odd)], this.#constants);
  }
}

/** Keys, limits and rates of what is drawn: uniforms, so that a new seed compiles nothing. */
function drawsOf({ operandDropout: d, zoneout: z, program }: RecurRequest) {
  const drop = d?.kind === 'draw' ? d : null;
  const states = program.state.map((_, k) => k);
  const rates = z && z.kind !== 'mask' ? z.rates : states.map(() => 0);
  return {
    dropDraw: drop ? ([drop.key, drawLimit(drop.rate)] as const) : ([0, 0] as const),
    dropScale: drop ? 1 / (1 - drop.rate) : 1,
    holdDraw: states.flatMap((k) =>
      z?.kind === 'draw' && rates[k]! > 0 ? [foldKey(z.key, k), drawLimit(rates[k]!)] : [0, 0],
    ),
    holdRate: rates,
  };
}

/** Explicit masks of operand and zoneout. */
export function addMasks(
  call: Call,
  { operandMask, holdMasks }: RecurTensors,
  rows: (x: Tensor) => Tensor,
): void {
  if (operandMask) {
    call.single.set(
      'DM',
      operandMask.rank === 3 ? stepsSheet(call.order, operandMask, null) : rows(operandMask),
    );
  }
  holdMasks?.forEach((mask, k) => {
    if (mask) call.single.set(`HM${k}`, stepsSheet(call.order, mask, null));
  });
}
