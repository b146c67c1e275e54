import { backend, type PageBackend, wasmMemory } from './backend.js';
import { collect, type PageTest } from './collect.js';
import { json } from './golden.js';
import { hideRelaxedSimd } from './older.js';
import { type PageKind, suites } from './suites.js';

/** What the browser says against the page's policy. */
const violations: string[] = [];
document.addEventListener(
  'securitypolicyviolation',
  ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) =>
    violations.push(`${effectiveDirective}: ${blockedURI} (${sourceFile}:${lineNumber})`),
);

/** What drives a backend, what runs the recurrent op, whether threads share the backend's memory. */
export interface Used {
  readonly driver: string;
  readonly engine: string;
  readonly shared: boolean;
}

/** The page as the tests outside see it. */
export interface Page {
  readonly tests: readonly { readonly name: string; readonly skipped: boolean }[];
  readonly violations: readonly string[];
  /** What a backend is here. */
  use(name: PageBackend): Promise<Used>;
  /** Null, or why test number n failed. */
  run(n: number): Promise<string | null>;
}

async function start(): Promise<Page> {
  const kind = location.pathname.slice(1).replace('.html', '') as PageKind;
  if (kind === 'older') hideRelaxedSimd();
  const files = (await json('/files.json')) as string[];
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<object | null> } };
  const webgpu = kind === 'all' && Boolean(await gpu?.requestAdapter());
  const missing = kind === 'webgpu' ? await whyNot(kind) : null;
  const tests = missing ?? collect((runner) => suites(runner, kind, { files, webgpu }));
  return {
    tests: tests.map(({ name, body }) => ({ name, skipped: body === null })),
    violations,
    use,
    run: (n) => run(tests[n]!),
  };
}

/** One test, skipped for the reason why the browser has no such backend; null where it has. */
async function whyNot(name: PageBackend): Promise<PageTest[] | null> {
  try {
    await backend(name);
    return null;
  } catch (error) {
    if ((error as { code?: string }).code !== 'GW_BACKEND_UNAVAILABLE') throw error;
    return [{ name: (error as Error).message, body: null }];
  }
}

async function use(name: PageBackend): Promise<Used> {
  const { driver, engine } = await backend(name);
  return { driver, engine, shared: name === 'wasm' && !(wasmMemory() instanceof ArrayBuffer) };
}

async function run({ body }: PageTest): Promise<string | null> {
  try {
    await body?.();
    return null;
  } catch (error) {
    return error instanceof Error ? `${error.stack}` : String(error); // its first lines are the message
  }
}

declare global {
  interface Window {
    gatewise: Promise<Page>;
  }
}
window.gatewise = start();
