import { useBackend } from '@gatewise/backends';
import { indrnn } from '@gatewise/cell-indrnn';
import { lstmPeephole } from '@gatewise/cell-peephole';
import * as cells from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { engineSuite } from '@gatewise/testing';
import { describe, it } from 'vitest';
import { onBackend } from '../on-backend.js';

const all: AnyCell[] = [...Object.values(cells), lstmPeephole, indrnn];
for (const name of ['cpu', 'node'] as const) {
  onBackend(name, () =>
    engineSuite({ describe, it }, { engine: 'ops', on: name, backend: () => useBackend(name), cells: all }),
  );
}
