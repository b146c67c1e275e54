import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, createLogger, defaultClientConditions, type InlineConfig, type Plugin, preview } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Nothing from elsewhere, no code made from text: what the page is served with, and what it says itself. */
export const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** tf.js' wasm backend asks for one of these by its name. */
const wasmFiles = ['', '-simd', '-threaded-simd'].map((kind) => `tfjs-backend-wasm${kind}.wasm`);

const surroundings: Plugin = {
  name: 'surroundings',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: policy },
      injectTo: 'head-prepend',
    },
  ],
  async generateBundle() {
    const folder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
    for (const name of wasmFiles) {
      this.emitFile({ type: 'asset', fileName: `wasm/${name}`, source: await readFile(join(folder, name)) });
    }
  },
};

/** Modules of Node that a page never gets to are no news (the checkpoint plugin has them for folders), nor is a slow machine. */
function quiet() {
  const logger = createLogger('warn');
  const { warn } = logger;
  logger.warn = (text, options) => {
    if (!/externalized for browser compatibility|PLUGIN_TIMINGS/.test(text)) warn(text, options);
  };
  return logger;
}

/** The packages are bundled from their sources; no path in the bundle is absolute, so any folder of any server will do. */
const config = (outDir: string): InlineConfig => ({
  ...{ logLevel: 'warn', customLogger: quiet() },
  ...{ root: here('page'), publicDir: here('public'), base: './', configFile: false },
  resolve: { conditions: ['gatewise-source', ...defaultClientConditions] },
  worker: { format: 'es' },
  plugins: [surroundings],
  build: {
    ...{ outDir, emptyOutDir: true, target: 'es2022' },
    ...{ chunkSizeWarningLimit: 4000, modulePreload: { polyfill: false } },
  },
});

/** Bundles the page into a folder that any static server can serve. */
export const buildDemo = (outDir: string): Promise<unknown> => build(config(outDir));

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a bundle under the policy; the next free port where `port` is taken. */
export async function serveDemo(outDir: string, { port = 4173, host = '127.0.0.1' } = {}): Promise<Served> {
  const headers = { 'Content-Security-Policy': `${policy}; frame-ancestors 'none'` };
  const server = await preview({ ...config(outDir), preview: { port, host, headers } });
  return { url: server.resolvedUrls!.local[0]!, close: () => server.close() };
}
