import { defineConfig } from 'vitest/config';

/** Packages are tested from their source: the condition `gatewise-source` leads every import to src. */
export default defineConfig({
  resolve: { conditions: ['gatewise-source'] },
  ssr: { resolve: { conditions: ['gatewise-source', 'node', 'import', 'default'] } },
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
