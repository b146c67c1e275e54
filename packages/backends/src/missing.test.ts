import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadWebgpu } from './gpu.js';
import { findAddon, hasNativeAddon, loadNative } from './native.js';
import { copyTfjsNode, link } from './test-support/native-copy.js';

const source = dirname(fileURLToPath(import.meta.url));
const resolve = createRequire(import.meta.url).resolve;
const addon = hasNativeAddon();

/** Folders with some packages and without others, far from this repository's node_modules. */
let bare: string;

beforeAll(() => {
  bare = mkdtempSync(join(tmpdir(), 'gatewise-backends-'));
});

afterAll(() => rmSync(bare, { recursive: true, force: true }));

/** Copies this package's source into a project that has only the packages listed; gives the code it fails with. */
function codeWith(packages: string[], backend: string): string {
  const project = mkdtempSync(join(bare, 'project-'));
  cpSync(source, join(project, 'src'), { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  for (const name of packages) {
    link(project, name, name.startsWith('@gatewise/') ? join(source, '..', '..', basename(name)) : undefined);
  }
  const program = `
    import { useBackend } from './src/index.js';
    await useBackend('${backend}').then((info) => console.log(info.name), (error) => console.log(error.message));
  `;
  writeFileSync(join(project, 'program.ts'), program);
  const tsx = pathToFileURL(resolve('tsx')).href;
  const child = spawnSync(process.execPath, ['-C', 'gatewise-source', '--import', tsx, 'program.ts'], {
    cwd: project,
    env: { ...process.env, GATEWISE_CACHE: join(project, 'cache') },
    encoding: 'utf8',
  });
  return child.stdout + child.stderr;
}

describe('what is not installed is named, with the command that brings it', () => {
  it('@tensorflow/tfjs, which every backend needs', () => {
    const message = codeWith(['@gatewise/core', '@gatewise/kernels', '@tensorflow/tfjs-core'], 'cpu');
    expect(message).toMatch(/^GW_BACKEND_MISSING: .*npm install @tensorflow\/tfjs@4\.22\.0/);
  });

  it('@tensorflow/tfjs-backend-wasm', () => {
    const packages = ['@gatewise/core', '@gatewise/kernels', '@tensorflow/tfjs-core', '@tensorflow/tfjs'];
    const message = codeWith(packages, 'wasm');
    expect(message).toMatch(/^GW_BACKEND_MISSING: .*npm install @tensorflow\/tfjs-backend-wasm@4\.22\.0/);
    const more = ['engine-wasm', 'recurrence', 'cells'].map((name) => `@gatewise/${name}`);
    expect(codeWith([...packages, ...more], 'auto')).toBe('cpu\n'); // the one that runs
  });

  it('@tensorflow/tfjs-node-gpu', () => {
    const { missing } = findAddon('@tensorflow/tfjs-node-gpu', join(bare, 'index.js'));
    expect(missing?.message).toMatch(
      /^GW_BACKEND_MISSING: .*npm install @tensorflow\/tfjs-node-gpu@4\.22\.0/,
    );
  });

  it('the package webgpu, in Node', async () => {
    const failure = loadWebgpu(join(bare, 'index.js'));
    await expect(failure).rejects.toThrow(/^GW_BACKEND_UNAVAILABLE: .*npm install webgpu /);
  });
});

describe('an addon of tfjs-node', () => {
  function copyWithout(addonContent?: string): string {
    const project = join(bare, addonContent === undefined ? 'no-addon' : 'broken-addon');
    const copy = copyTfjsNode(project);
    if (addonContent !== undefined) {
      mkdirSync(join(copy, 'lib', 'napi-v8'), { recursive: true });
      writeFileSync(join(copy, 'lib', 'napi-v8', 'tfjs_binding.node'), addonContent);
    }
    return join(project, 'index.js');
  }

  it('that is absent is named by its path, with the command that builds it', () => {
    const load = () => loadNative('@tensorflow/tfjs-node', copyWithout());
    expect(load).toThrow(
      /^GW_BACKEND_NATIVE: .*napi-v8.tfjs_binding\.node; likely fix: npm run setup:tensorflow/,
    );
  });

  it('that does not load is an error with its cause', () => {
    const load = () => loadNative('@tensorflow/tfjs-node', copyWithout('not a library'));
    expect(load).toThrow(
      /^GW_BACKEND_NATIVE: got an addon .*does not load \(.*tfjs_binding\.node.*npm run setup:tensorflow/s,
    );
  });

  it.skipIf(!addon)(`refuses a second native TensorFlow${addon ? '' : ' (skipped: no addon)'}`, () => {
    // the broken copy has registered its kernels before it failed
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    loadNative('@tensorflow/tfjs-node');
    warn.mockRestore();
    const load = () => loadNative('@tensorflow/tfjs-node-gpu');
    expect(load).toThrow(expect.objectContaining({ code: 'GW_BACKEND_CONFLICT' }));
  });
});
