import { type ConcreteBackend, useBackend } from '@gatewise/backends';

/** The backends that a page may have. `cpu` runs the recurrent layer by the engine in WebAssembly. */
export const pageBackends = ['cpu', 'wasm', 'webgl', 'webgpu'] as const satisfies readonly ConcreteBackend[];
export type PageBackend = (typeof pageBackends)[number];

const there: Record<PageBackend, () => unknown> = {
  cpu: () => true,
  wasm: () => true,
  webgl: () => new OffscreenCanvas(1, 1).getContext('webgl2'),
  webgpu: () => (navigator as { gpu?: { requestAdapter(): Promise<unknown> } }).gpu?.requestAdapter(),
};

/** Why this browser has no such backend, with the code of the error that it would give; null where it has. */
export async function whyNot(name: PageBackend): Promise<string | null> {
  const found = await Promise.resolve()
    .then(there[name])
    .catch(() => null);
  if (found) return null;
  return useBackend(name).then(
    () => null,
    (error: Error) => error.message,
  );
}
