import { type BackendName, useBackend } from '@gatewise/backends';
import { engines, registerEngine } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { whyNot } from '../on-backend.js';
import { testsInPage } from './in-page.js';
import { written } from './page/text.js';
import { trainQuickstart } from './trained.js';

const trained = await trainQuickstart();
afterAll(() => trained.remove());

/** With one engine of the backend before all others. */
async function writtenBy(name: BackendName, engine: string): Promise<string> {
  await useBackend(name);
  const first = engines(tf.getBackend()).find((candidate) => candidate.name === engine)!;
  registerEngine({ ...first, priority: 99 });
  try {
    const model = await trained.load();
    const text = await written(model, trained.symbols);
    model.dispose();
    return text;
  } finally {
    registerEngine(first);
  }
}

const wanted = await writtenBy('cpu', 'ops');

const inNode = [
  ['cpu', 'native'],
  ['cpu', 'wasm'],
  ['wasm', 'wasm'],
  ['wasm', 'ops'],
  ['node', 'native'],
  ['node', 'ops'],
  ['webgpu', 'webgpu'],
] as const;

/** Why an engine on a backend does not run here, or null. */
async function missing(name: BackendName, engine: string): Promise<string | null> {
  const reason = await whyNot(name);
  if (reason !== null) return reason;
  return engines(tf.getBackend()).some((found) => found.name === engine) ? null : `no engine ${engine}`;
}

const reasons: (string | null)[] = [];
for (const [name, engine] of inNode) reasons.push(await missing(name, engine));

describe("the quickstart's model writes what it writes by the engine ops on cpu", () => {
  it('which is a text that it has learned', () => {
    expect(wanted).toMatch(/^The whale [a-z ,.;\n]{40}$/i);
    expect(new Set(wanted.slice(10)).size).toBeGreaterThan(5);
  });

  for (const [n, [name, engine]] of inNode.entries()) {
    const reason = reasons[n];
    it.skipIf(reason)(`by ${engine} on ${name}${reason ? ` (skipped: ${reason})` : ''}`, async () => {
      expect(await writtenBy(name, engine)).toBe(wanted);
    });
  }
});

await testsInPage('all', () => {}, {
  files: { ...trained.files, '/quickstart/written.json': JSON.stringify(wanted) },
});
