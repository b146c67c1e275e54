import { describe, it } from 'node:test';
import { useBackend } from '@gatewise/backends';
import { gru } from '@gatewise/cells';
import type { AnyCell } from '@gatewise/core';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { cellSuite, engineSuite, pluginSuite } from '@gatewise/testing';

// Run by `node --test`: the suites with Node's own runner. FAULT=1 breaks the backward of the cell.

const backend = () => useBackend('cpu');
const runner = { describe, it };

const faulty: AnyCell = {
  ...gru,
  backward: (...args) => {
    const right = gru.backward(...args);
    return { ...right, gates: { ...right.gates, z: right.gates.z!.neg() } };
  },
};
if (process.env.FAULT === '1') cellSuite(runner, faulty);
else {
  cellSuite(runner, gru, { backend });
  pluginSuite(runner, () => clipByGlobalNorm({ maxNorm: 1 }), { name: 'clip-by-global-norm', backend });
  engineSuite(runner, { engine: 'wasm', backend, cells: [gru], exempt: { ids: 'left out here' } });
}
