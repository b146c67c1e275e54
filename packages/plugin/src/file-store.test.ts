import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileStore } from './file-store.js';
import { memoryStore, noStore } from './services.js';

const root = mkdtempSync(join(tmpdir(), 'gatewise-store-'));
afterAll(() => rmSync(root, { recursive: true }));
const bytes = (text: string) => new TextEncoder().encode(text);

describe.each([
  ['fileStore', fileStore(), `${root}/a`],
  ['memoryStore', memoryStore(), 'a'],
])('%s', (_, store, folder) => {
  it('reads what was written last, lists files of a folder alone, removes', async () => {
    expect(await store.read(`${folder}/x`)).toBeUndefined();
    expect(await store.list(folder)).toEqual([]);
    await store.write(`${folder}/x`, bytes('one'));
    await store.write(`${folder}/x`, bytes('two'));
    await store.write(`${folder}/deep/y`, bytes('three'));
    expect(new TextDecoder().decode(await store.read(`${folder}/x`))).toBe('two');
    expect(await store.list(folder)).toEqual(['x']);
    expect(await store.list(`${folder}/deep`)).toEqual(['y']);
    await store.remove(`${folder}/x`);
    await store.remove(`${folder}/x`);
    expect(await store.list(folder)).toEqual([]);
  });

  it('keeps its own copy', async () => {
    const data = bytes('one');
    await store.write(`${folder}/copy`, data);
    data.fill(0);
    expect(new TextDecoder().decode(await store.read(`${folder}/copy`))).toBe('one');
  });
});

describe('fileStore', () => {
  it('removes what a process that died while it wrote has left, and of no living one', async () => {
    const folder = join(root, 'left');
    await fileStore().write(join(folder, 'x'), bytes('x'));
    // No process has so large a number on Linux, macOS or Windows.
    writeFileSync(join(folder, 'x.tmp-999999999'), 'half');
    writeFileSync(join(folder, `y.tmp-${process.ppid}`), 'half');
    expect(await fileStore().list(folder)).toEqual(['x']);
    await fileStore().write(join(folder, 'x'), bytes('z'));
    expect(readdirSync(folder).sort()).toEqual(['x', `y.tmp-${process.ppid}`]);
  });

  it('keeps what was there when a write fails, and leaves nothing', async () => {
    writeFileSync(join(root, 'file'), 'mine');
    await expect(fileStore().write(join(root, 'file', 'x'), bytes('x'))).rejects.toThrow(/EEXIST|ENOTDIR/);
    const folder = join(root, 'taken');
    await fileStore().write(join(folder, 'x', 'inside'), bytes('x'));
    // A folder is in the way.
    await expect(fileStore().write(join(folder, 'x'), bytes('x'))).rejects.toThrow(/EISDIR|EEXIST|EPERM/);
    expect(readdirSync(folder)).toEqual(['x']);
    await expect(fileStore().read(join(folder, 'x'))).rejects.toThrow('EISDIR');
  });
});

it('noStore refuses the first use of a file', async () => {
  await expect(noStore().write('a/b', bytes(''))).rejects.toThrow(/^GW_STORE_MISSING: got the file "a\/b"/);
});
