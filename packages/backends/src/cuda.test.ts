import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkCuda, useBackend } from './index.js';

const names = {
  driver: ['libcuda.so.1'],
  cuda: [
    ...['libcudart.so.11.0', 'libcublas.so.11', 'libcublasLt.so.11', 'libcufft.so.10'],
    ...['libcurand.so.10', 'libcusolver.so.11', 'libcusparse.so.11'],
  ],
  cudnn: ['libcudnn.so.8'],
};
const all = [...names.driver, ...names.cuda, ...names.cudnn];
/** Of this machine itself, without any folder of ours. */
const here = new Set(
  checkCuda()
    .libraries.filter(({ path }) => path !== null)
    .map(({ name }) => name),
);

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatewise-cuda-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Empty files by these names, in a folder that the linker is told of: the search reads names alone. */
function put(place: string, files: readonly string[]): string {
  const made = join(folder, place);
  mkdirSync(made);
  for (const file of files) writeFileSync(join(made, file), '');
  return made;
}
const look = (...folders: string[]) => {
  vi.stubEnv('LD_LIBRARY_PATH', folders.join(delimiter));
  return checkCuda();
};

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('checkCuda', () => {
  it.skipIf(here.size > 0)('names every library, and how to get each part, where there is none', async () => {
    const { libraries, error } = checkCuda();
    expect(libraries.map(({ name, problem }) => [name, problem])).toEqual(
      all.map((name) => [name, 'missing']),
    );
    expect(error).toMatchObject({ code: 'GW_BACKEND_CUDA' });
    for (const name of all) expect(error!.message).toContain(name);
    for (const fix of ['450.80', 'cudatoolkit=11.2', 'cudnn=8.1', 'use webgpu']) {
      expect(error!.message.split('likely fix')[1]).toContain(fix);
    }
  });

  it('finds them in the folders of LD_LIBRARY_PATH, the first that has one first', () => {
    const one = put('one', names.cuda);
    const two = put('two', all);
    const { libraries, folders, error } = look(one, '', join(folder, 'absent'), two);
    expect(error).toBe(null);
    expect(folders).toEqual([one, join(folder, 'absent'), two]);
    const places = Object.fromEntries(libraries.map(({ name, path }) => [name, path]));
    expect(places).toEqual({
      ...Object.fromEntries(names.cuda.map((name) => [name, join(one, name)])),
      'libcuda.so.1': join(two, 'libcuda.so.1'),
      'libcudnn.so.8': join(two, 'libcudnn.so.8'),
    });
  });

  it.each(all.filter((name) => !here.has(name)))('names %s alone where that is missing', (name) => {
    const { error } = look(
      put(
        'some',
        all.filter((other) => other !== name),
      ),
    );
    expect(all.filter((other) => error!.message.includes(`${other} `))).toEqual([name]);
  });

  it('reads versions off the files behind links, and refuses those that are too old', () => {
    const place = put(
      'linked',
      all.filter((name) => !/cuda\.so|cudart|cudnn/.test(name)),
    );
    const link = (name: string, target: string) => {
      writeFileSync(join(place, target), '');
      symlinkSync(target, join(place, name));
    };
    link('libcuda.so.1', 'libcuda.so.535.104.05');
    link('libcudart.so.11.0', 'libcudart.so.11.1.74');
    link('libcudnn.so.8', 'libcudnn.so.8.0.5');
    const { libraries, error } = look(place);
    const versions = libraries.filter(({ version }) => version !== null);
    expect(versions.map(({ name, version, problem }) => [name, version, problem])).toEqual([
      ['libcuda.so.1', '535.104.05', null],
      ['libcudart.so.11.0', '11.1.74', 'older than 11.2'],
      ['libcudnn.so.8', '8.0.5', 'older than 8.1'],
    ]);
    expect(error!.message).toContain('libcudart.so.11.0 (11.1.74, older than 11.2) of CUDA 11.2');
    expect(error!.message).not.toContain('libcublas');
  });

  it('takes later ones of the same name', () => {
    const place = put(
      'later',
      all.filter((name) => !/cudart|cudnn/.test(name)),
    );
    for (const [name, target] of [
      ['libcudart.so.11.0', 'libcudart.so.11.8.89'],
      ['libcudnn.so.8', 'libcudnn.so.8.10.1'],
    ] as const) {
      writeFileSync(join(place, target), '');
      symlinkSync(target, join(place, name));
    }
    expect(look(place).error).toBe(null);
  });
});

describe("useBackend('node-gpu')", () => {
  it.skipIf(here.size > 0)(
    'says in one error what is missing of packages and libraries, and uses nothing else',
    async () => {
      await useBackend('cpu');
      const failure = useBackend('node-gpu');
      await expect(failure).rejects.toThrow(/^GW_BACKEND_(MISSING|CUDA): .*@tensorflow\/tfjs-node-gpu/);
      for (const name of all) await expect(failure).rejects.toThrow(name);
      expect((await import('@tensorflow/tfjs-core')).getBackend()).toBe('cpu');
    },
  );
});
