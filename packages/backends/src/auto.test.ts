import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { opsEngine, registerEngine } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { chooseBackend } from './auto.js';
import { type BackendOptions, type ConcreteBackend, type Measured, useBackend } from './index.js';

const small = { B: 2, T: 3, I: 2, H: 4 } as const;
const folder = mkdtempSync(join(tmpdir(), 'gatewise-auto-'));
const before = process.env.GATEWISE_CACHE;
let cache = folder;

beforeEach(() => {
  cache = mkdtempSync(join(folder, 'cache-'));
  process.env.GATEWISE_CACHE = cache;
});
afterEach(() => void vi.restoreAllMocks());
afterAll(() => {
  if (before === undefined) delete process.env.GATEWISE_CACHE;
  else process.env.GATEWISE_CACHE = before;
  rmSync(folder, { recursive: true });
});

async function auto(options: BackendOptions = {}) {
  const info = await useBackend('auto', { sizes: small, ...options });
  return { ...info, measured: info.measured as Measured };
}
const rowOf = ({ table }: Measured, name: string) => table.find(({ backend }) => backend === name)!;

describe("useBackend('auto')", () => {
  it('times every backend, says why where it could not, takes the fastest, and leaks nothing', async () => {
    await useBackend('cpu');
    const held = tf.memory().numTensors;
    const { name, tfName, engine, measured } = await auto();
    expect(tf.getBackend()).toBe(tfName);
    expect(tf.memory().numTensors).toBe(held);
    const { table } = measured;
    expect(table.map(({ backend }) => backend).sort()).toEqual(['cpu', 'node', 'node-gpu', 'wasm', 'webgpu']);
    for (const { ms, why } of table) expect(ms === null ? why : ms).toBeTruthy();
    expect(table[0]).toMatchObject({ backend: name, engine, beaten: false, why: null });
    const best = Math.min(...table.map(({ ms }) => ms ?? Number.POSITIVE_INFINITY));
    expect(table[0]!.ms).toBeLessThanOrEqual(1.1 * best + 0.05);
    expect(rowOf(measured, 'cpu').ms).toBeGreaterThan(0);
  });

  it('runs a small model on the processor', async () => {
    expect(['cpu', 'wasm', 'node']).toContain((await auto()).name);
  });

  it('prints a table on request alone', async () => {
    const log = vi.spyOn(console, 'log');
    let text = '';
    const { name } = await auto({
      print: (table) => {
        text = table;
      },
    });
    expect(text).toMatch(/^A training step of B=2 T=3 I=2 H=4\n +backend +engine +ms\n/);
    expect(text).toMatch(new RegExp(`^→ +${name} `, 'm'));
    expect(text).toMatch(/^ +node-gpu +– +– +GW_BACKEND_\w+: /m);
    await auto();
    expect(log).not.toHaveBeenCalled();
    await auto({ print: true });
    expect(log).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(', measured before\n'));
  });

  it.each([{ ...small, H: 0 }, { ...small, T: 1.5 }, { B: 2 } as typeof small])(
    'refuses sizes %j',
    async (sizes) => {
      await expect(auto({ sizes })).rejects.toMatchObject({ code: 'GW_BACKEND_SIZES' });
    },
  );
});

/** With fewer candidates, which takes less long. */
async function few(options: BackendOptions = { sizes: small }) {
  const use = (backend: ConcreteBackend) => {
    if (!['cpu', 'wasm'].includes(backend)) throw new Error('left out');
    return useBackend(backend);
  };
  const info = await chooseBackend(async (name) => use(name), options);
  return { ...info, measured: info.measured as Measured };
}

describe('what was measured', () => {
  it('is remembered for the machine and the sizes, and measured again on request', async () => {
    const first = await few();
    expect(first.measured.remembered).toBe(false);
    expect(rowOf(first.measured, 'webgpu')).toMatchObject({ ms: null, why: 'left out' });
    expect(readdirSync(cache)).toEqual([expect.stringMatching(/^gatewise-auto-[0-9a-f]{8}\.json$/)]);
    const second = await few();
    expect(second.measured).toEqual({ ...first.measured, remembered: true });
    expect(second.name).toBe(first.name);
    expect((await few({ sizes: small, again: true })).measured.remembered).toBe(false);
    expect((await few({ sizes: { ...small, T: 4 } })).measured.remembered).toBe(false);
    expect(readdirSync(cache)).toHaveLength(2);
  });

  it('has sizes of its own where none are given', async () => {
    const { measured } = await few({});
    expect(measured).toMatchObject({ sizes: { B: 32, T: 50, I: 64, H: 128 }, remembered: false });
  });

  it('is measured again where the file is broken, of another machine, or names what is not as it was', async () => {
    await few();
    const file = join(cache, readdirSync(cache)[0]!);
    const { key, value } = JSON.parse(readFileSync(file, 'utf8'));
    const others = [
      ...['{', 'null', '[]', JSON.stringify({ key }), JSON.stringify({ key: `${key} `, value })],
      ...[{ driver: 'another' }, { backend: 'webgl' }, { backend: 'nothing' }].map((other) =>
        JSON.stringify({ key, value: { ...value, ...other } }),
      ),
    ];
    for (const text of others) {
      writeFileSync(file, text);
      expect((await few()).measured.remembered).toBe(false);
    }
    expect((await few()).measured.remembered).toBe(true);
  });

  it('is still right where nothing can be kept, which is said once', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    process.env.GATEWISE_CACHE = join(cache, 'file');
    writeFileSync(process.env.GATEWISE_CACHE, '');
    for (let n = 0; n < 2; n++) expect((await few()).measured.remembered).toBe(false);
    const said = warn.mock.calls.filter(([text]) => String(text).includes('is not kept'));
    expect(said).toHaveLength(1);
  });
});

describe('a candidate that fails', () => {
  it('in the step is no choice, and says why', async () => {
    registerEngine({
      ...opsEngine,
      ...{ name: 'failing', backends: ['wasm'], priority: 99 },
      forward: () => {
        throw new Error('this engine fails');
      },
    });
    try {
      const held = tf.memory().numTensors;
      const { name, measured } = await auto();
      expect(name).not.toBe('wasm');
      expect(rowOf(measured, 'wasm')).toMatchObject({ ms: null, why: 'this engine fails' });
      expect(tf.memory().numTensors).toBe(held);
    } finally {
      registerEngine({ ...opsEngine, name: 'failing', backends: ['wasm'], priority: -1 });
    }
  });

  it('by answering too late is left, and does not come back', async () => {
    let answer = () => {};
    const answered = new Promise<void>((done) => {
      answer = done;
    });
    const cpu = tf.findBackend('cpu');
    tf.registerBackend('late', async () => {
      await answered;
      return cpu;
    });
    const use = async (backend: ConcreteBackend, signal: AbortSignal) => {
      if (backend === 'wasm') await answered; // before it starts
      signal.throwIfAborted();
      const started = backend !== 'webgpu' || (await tf.setBackend('late')); // while it starts
      if (!started) throw new Error('it was ended');
      return useBackend(backend);
    };
    const { name, tfName, measured } = await chooseBackend(use, { sizes: small }, 3000);
    const inUse = tf.backend();
    const why = 'no answer for 3 s';
    expect(['wasm', 'webgpu'].map((backend) => rowOf(measured!, backend).why)).toEqual([why, why]);
    expect(['cpu', 'node']).toContain(name);
    answer();
    await new Promise((done) => setTimeout(done, 50));
    expect(tf.getBackend()).toBe(tfName);
    expect(tf.backend()).toBe(inUse);
    tf.removeBackend('late');
  });
});
