import { type AnyCell, defineCell } from '@gatewise/core';
import { registerCell } from '@gatewise/layers';
import { recordProgram } from '@gatewise/recurrence';
import { activations } from './activations.js';
import { gruOf, gruResetAfterOf } from './cell-gru.js';
import { lstmOf, lstmPeepholeOf } from './cell-lstm.js';
import type { CellActivation, CellSpec } from './model.js';

type Described = Exclude<CellSpec, { kind: 'own' }>;

/** Cells of this project's core: always known. */
const core = ['vanilla', 'lstm', 'gru', 'gru-reset-after'];
const made = new Map<string, AnyCell>();

/**
 * The registered name of the cell that a layer computes with. With the usual activations it is one of the project's; with
 * others it is made here, once, as data like any cell: every engine runs it, and a plugin's cell of that name is the same.
 *
 * @example
 * cellOf({ kind: 'lstm', gates: 'hard-sigmoid', activation: 'tanh', output: 'tanh', peepholes: false }); // 'lstm-hard-sigmoid'
 */
export function cellOf(spec: CellSpec): string {
  if (spec.kind === 'own') return spec.name;
  const name = nameOf(spec);
  if (core.includes(name)) return name;
  const cell = made.get(name) ?? make(name, spec);
  made.set(name, cell);
  registerCell(cell);
  return name;
}

/** What a cell is in the words of a description: another cell than those that `cellOf` knows stays its own. */
export function specOf(cell: AnyCell): CellSpec {
  const spec = known().get(cell.name);
  if (!spec) return { kind: 'own', name: cell.name };
  const same = made.get(cell.name) ?? make(cell.name, spec);
  const isIt = recordProgram(same).hash === recordProgram(cell).hash;
  return isIt ? spec : { kind: 'own', name: cell.name };
}

/** Every cell that can be made, by its name. */
function known(): ReadonlyMap<string, Described> {
  if (byName.size > 0) return byName;
  const all = Object.keys(activations) as CellActivation[];
  const add = (spec: Described) => void byName.set(nameOf(spec), spec);
  for (const activation of all) {
    add({ kind: 'rnn', activation });
    for (const gates of all) {
      for (const flag of [false, true]) {
        add({ kind: 'gru', resetAfter: flag, gates, activation });
        for (const output of all) add({ kind: 'lstm', gates, activation, output, peepholes: flag });
      }
    }
  }
  return byName;
}
const byName = new Map<string, Described>();

function make(name: string, spec: Described): AnyCell {
  if (spec.kind === 'rnn') return rnnOf(name, spec.activation);
  if (spec.kind === 'gru') return spec.resetAfter ? gruResetAfterOf(name, spec) : gruOf(name, spec);
  return spec.peepholes ? lstmPeepholeOf(name, spec) : lstmOf(name, spec);
}

/** The project's own name where it has such a cell, also in a plugin; else one that says every activation. */
function nameOf(spec: Described): string {
  if (spec.kind === 'rnn') {
    const own: Partial<Record<CellActivation, string>> = { tanh: 'vanilla', relu: 'irnn' };
    return own[spec.activation] ?? `rnn-${spec.activation}`;
  }
  const { gates, activation } = spec;
  const base =
    spec.kind === 'lstm'
      ? variant('lstm', spec.peepholes && 'peephole')
      : variant('gru', spec.resetAfter && 'reset-after');
  const output = spec.kind === 'lstm' ? spec.output : 'tanh';
  if (activation === 'tanh' && output === 'tanh') return variant(base, gates !== 'sigmoid' && gates);
  return [base, gates, activation, ...(spec.kind === 'lstm' ? [output] : [])].join('-');
}

const variant = (base: string, more: string | false) => (more ? `${base}-${more}` : base);

/** h_t = φ(a_t) */
function rnnOf(name: string, activation: CellActivation) {
  const φ = activations[activation];
  return defineCell({
    name,
    state: ['h'],
    gates: ['h'],
    saved: ['h'],
    forward(a) {
      // h = φ(a)
      const h = φ.apply(a.h);
      return { next: { h }, saved: { h } };
    },
    // δa = δh ⊗ φ′
    backward: (d, { h }) => ({ gates: { h: φ.back(d.h, h) }, prev: {} }),
  });
}
