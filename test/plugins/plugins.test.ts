import { rmSync } from 'node:fs';
import { useBackend } from '@gatewise/backends';
import { pluginSuite } from '@gatewise/testing';
import { afterAll, describe, it } from 'vitest';
import { folder, plugins } from './all.js';
import { nameOf } from './describe.js';

afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const { factory, make } of plugins) {
  describe(factory, () => {
    pluginSuite({ describe, it }, make, { name: nameOf(make()), backend: () => useBackend('cpu') });
  });
}
