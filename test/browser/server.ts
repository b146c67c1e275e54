import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PageKind } from './page/suites.js';

/** What each kind of page is served with. */
const headers: Readonly<Record<PageKind, Readonly<Record<string, string>>>> = {
  plain: {},
  webgpu: {},
  webgl: {},
  'webgl-long': {},
  'webgl-lost': {},
  all: {},
  older: {},
  policy: { 'Content-Security-Policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" },
  sealed: { 'Content-Security-Policy': "default-src 'self'; script-src 'self'" },
  isolated: {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  },
};

const types: Readonly<Record<string, string>> = {
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
};

/** Folders that are served as they are. */
const folders: Readonly<Record<string, string>> = {
  wasm: dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')),
  golden: fileURLToPath(new URL('../golden/files/', import.meta.url)),
};

export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

/** What is served, by path. */
export type Contents = Readonly<Record<string, string | Uint8Array>>;

/** Serves contents by path, and the folders, on a free port of this machine alone. */
export async function serve(kind: PageKind, contents: Contents): Promise<Server> {
  const server = createServer(async ({ url = '/' }, response) => {
    const path = new URL(url, 'http://page').pathname;
    const type = types[extname(path)] ?? 'application/octet-stream';
    try {
      const body = contents[path] ?? (await readFile(fileOf(path)));
      response.writeHead(200, { 'Content-Type': type, ...headers[kind] }).end(body);
    } catch {
      response.writeHead(404, headers[kind]).end();
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((done, fail) => {
        server.close((error) => (error ? fail(error) : done()));
        server.closeAllConnections();
      }),
  };
}

/** `/golden/a/b.json` to its file; a URL's path has no `..` left in it. */
function fileOf(path: string): string {
  const [, folder = '', ...rest] = path.split('/');
  return join(folders[folder] ?? '', ...rest);
}
