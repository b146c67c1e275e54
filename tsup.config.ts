import { defineConfig } from 'tsup';

/** The one build of every package: ESM with types and source maps, dependencies left outside. */
export default defineConfig({
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'es2022',
  dts: true,
  sourcemap: true,
  clean: true,
  treeshake: true,
  removeNodeProtocol: false,
});
