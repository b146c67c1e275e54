import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { told } from './command.js';
import { backendFinding, type Examination } from './examine.js';
import { partsOf } from './finding.js';
import { cudaFindings, nodeFinding, wasmFindings } from './machine.js';
import { readAnswer } from './probe.js';

const program = fileURLToPath(new URL('../test-support/program.ts', import.meta.url));
const gatewise = (...args: string[]) =>
  spawnSync(process.execPath, ['-C', 'gatewise-source', '--import', 'tsx', program, ...args], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });

describe('gatewise doctor', () => {
  it('says what is there and what brings the rest; --need decides the exit code', () => {
    const { status, stdout, stderr } = gatewise('doctor', '--json', '--need', 'node-gpu');
    const { ok, parts } = JSON.parse(stdout) as Examination;
    const all = Object.values(parts).flat();
    const named = (name: string) => all.find((finding) => finding.name === name);
    expect(named('Node')).toMatchObject({ ok: true, found: expect.stringContaining(process.versions.node) });
    expect(named('Backend cpu')).toMatchObject({ ok: true, required: true });
    expect(named('Backend cpu')?.found).toMatch(/recurrent layers on (native|wasm)/);
    expect(named('WASM SIMD')).toMatchObject({ ok: true });
    expect(all.some(({ name }) => name.startsWith('CUDA'))).toBe(true);
    for (const { ok, why } of all) if (!ok) expect(why).not.toBe('');
    const gpu = named('Backend node-gpu');
    expect(gpu?.required).toBe(true);
    expect(ok).toBe(gpu?.ok);
    expect(status, stderr).toBe(ok ? 0 : 1);
  });

  it('tells the same to people, why and how beneath what is missing', () => {
    const missing = { ok: false, required: false, found: 'missing', why: 'it is fast', fix: 'npm install b' };
    const findings = [
      { name: 'a', ok: true, required: true, found: '1.0', why: 'needed' },
      { name: 'b', ...missing },
      { name: 'c', ...missing },
    ];
    const text = stripVTControlCharacters(told({ ok: true, parts: { Things: findings } }));
    expect(text).toContain(
      '✓ a  1.0\n  – b  missing\n  – c  missing\n      it is fast\n      → npm install b',
    );
  });

  it('says once what brings several, however they are mixed', () => {
    const cuda = {
      ok: false,
      required: false,
      found: 'missing',
      why: 'node-gpu loads it',
      fix: 'install CUDA',
    };
    const there = { ...cuda, ok: true, found: '11.2' };
    const parts = {
      Backends: [{ ...cuda, name: 'node-gpu', found: 'no libcudnn.so.8', why: 'on a GPU' }],
      CUDA: [
        { ...cuda, name: 'libcublas' },
        { ...there, name: 'libcudart' },
        { ...cuda, name: 'libcudnn' },
      ],
    };
    const text = stripVTControlCharacters(told({ ok: true, parts }));
    expect(text.match(/install CUDA/g)).toHaveLength(1);
    expect(text).toContain('no libcudnn.so.8\n      on a GPU\n      → what libcublas needs, below\n');
    expect(text).toMatch(/libcudnn +missing\n +node-gpu loads it\n +→ install CUDA/);
  });

  it('takes a backend that ends its process for missing', () => {
    expect(readAnswer('libfoo: hello\n', null, 'SIGILL')).toEqual({
      error: expect.stringMatching(/^GW_DOCTOR_CRASH: got a process that ended with SIGILL/),
    });
    const finding = backendFinding('node', readAnswer('', 3, null), ['node']);
    expect(finding).toMatchObject({ ok: false, required: true, name: 'Backend node' });
    expect(finding.found).toMatch(/exit code 3/);
    expect(finding.fix).toMatch(/another build/);
  });
});

it('takes errors apart', () => {
  expect(partsOf(new Error('GW_A_B: got no x, wanted it installed; likely fix: npm install x'))).toEqual({
    found: 'no x',
    fix: 'npm install x',
  });
  expect(partsOf(new Error('something else'))).toEqual({ found: 'something else' });
});

it('knows which Node is old', () => {
  expect(['18.20.0', '20.18.9', '20.19.0', '22.0.0'].map((v) => nodeFinding(v).ok)).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

it('looks at this machine', async () => {
  const [simd, relaxed] = await wasmFindings();
  expect(simd?.ok).toBe(true);
  expect(relaxed?.fix === undefined).toBe(relaxed?.ok);
  for (const { ok, fix, name } of cudaFindings())
    expect(ok || name === 'CUDA' || fix !== undefined).toBe(true);
});
