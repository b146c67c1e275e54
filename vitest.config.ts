import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Long tests (learning, versions, every float) run in `npm run test:long` alone. */
const long = process.env.GATEWISE_LONG === '1';

/** Packages are tested from their source: the condition `gatewise-source` leads every import to src. */
export default defineConfig({
  resolve: { conditions: ['gatewise-source'] },
  ssr: { resolve: { conditions: ['gatewise-source', 'node', 'import', 'default'] } },
  test: {
    include: [long ? '**/*.long.test.ts' : '**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', ...(long ? [] : ['**/*.long.test.ts'])],
    pool: 'forks',
    // many tests wait for a browser or another process: two files at once, also on two cores
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: long ? 1_200_000 : 120_000,
    hookTimeout: 120_000,
  },
});
