import { useBackend } from '@gatewise/backends';
import { indrnn } from '@gatewise/cell-indrnn';
import { lstmPeephole } from '@gatewise/cell-peephole';
import * as cells from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { engineSuite } from '@gatewise/testing';
import { describe, it } from 'vitest';
import { onBackend } from '../on-backend.js';

const all: AnyCell[] = [...Object.values(cells), lstmPeephole, indrnn];
const few: AnyCell[] = [cells.lstm, cells.gru, lstmPeephole];

/** Every cell in the engine's own memory, and in that of tf.js' wasm backend; on node the way through its tensors. */
for (const [name, which] of [
  ['cpu', all],
  ['wasm', all],
  ['node', few],
] as const) {
  onBackend(name, () =>
    engineSuite(
      { describe, it },
      { engine: 'wasm', on: name, backend: () => useBackend(name), cells: which },
    ),
  );
}
