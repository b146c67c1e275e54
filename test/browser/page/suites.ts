import { indrnn } from '@gatewise/cell-indrnn';
import { lstmPeephole } from '@gatewise/cell-peephole';
import * as cells from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { engineSuite, type Runner } from '@gatewise/testing';
import { backend, type PageBackend } from './backend.js';
import { goldenSuite } from './golden.js';
import { trainingSuite } from './training.js';

export type PageKind = 'plain' | 'policy' | 'isolated';

const all: readonly AnyCell[] = [...Object.values(cells), lstmPeephole, indrnn];
const some = [cells.lstm, cells.gru] as unknown as readonly AnyCell[];

/** The tests of each kind of page; `files` are golden files by their paths. */
export function suites(runner: Runner, kind: PageKind, files: readonly string[]): void {
  const engine = (name: string, on: PageBackend, list: readonly AnyCell[]) =>
    engineSuite(runner, { engine: name, on, backend: () => backend(on), cells: list });
  const golden = (name: string, on: PageBackend) => goldenSuite(runner, files, { engine: name, on });
  if (kind === 'plain') {
    engine('ops', 'cpu', some);
    golden('ops', 'cpu');
  }
  engine('ops', 'wasm', kind === 'policy' ? some : all);
  golden('ops', 'wasm');
  trainingSuite(runner);
}
