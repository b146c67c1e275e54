import { useBackend } from '@gatewise/backends';
import { lstmPeephole } from '@gatewise/cell-peephole';
import { gru, lstm } from '@gatewise/cells';
import { engineSuite } from '@gatewise/testing';
import { describe, it } from 'vitest';
import { onBackend } from '../on-backend.js';
import { withNative } from './with-native.js';

/** Every cell on cpu is tested beside the engine; here the way through each backend's tensors. */
for (const name of ['cpu', 'wasm', 'node'] as const) {
  withNative(() =>
    onBackend(name, () =>
      engineSuite(
        { describe, it },
        { engine: 'native', on: name, backend: () => useBackend(name), cells: [lstm, gru, lstmPeephole] },
      ),
    ),
  );
}
