import { defineConfig } from 'vite';

// the map says which packages went into the bundle
export default defineConfig({ build: { sourcemap: true, chunkSizeWarningLimit: 1000 }, logLevel: 'warn' });
