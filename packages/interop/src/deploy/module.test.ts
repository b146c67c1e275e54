import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells, modelOf, recurrent } from '../../test/files.js';
import { moduleFolder } from '../../test/module-folder.js';
import { writeStandalone } from './standalone.js';

const size = [3, 4] as [number, number];
let modules: Awaited<ReturnType<typeof moduleFolder>>;
beforeAll(async () => {
  modules = await moduleFolder();
});
afterAll(() => modules.remove());
const classOf = (spec: Parameters<typeof writeStandalone>[0]) =>
  modules.classOf(writeStandalone(spec).module);

describe('what is written', () => {
  const spec = modelOf([recurrent(cells.lstm, size)], { kind: 'features', steps: null, width: 3 });

  it('runs where making code of text is forbidden, and imports nothing', async () => {
    const { module } = writeStandalone(spec);
    expect(module).not.toMatch(/\b(import|require|eval|Function|WebAssembly|process)\b/);
    const script = `import { Model } from ${JSON.stringify(await modules.write(module))}; console.log(new Model().push([1, 2, 3]).length)`;
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', script];
    expect((await promisify(execFile)(process.execPath, flags)).stdout).toBe('4\n');
  });

  it('has types that hold', () => {
    const { types } = writeStandalone(spec);
    const use =
      "import { Model } from './model.js'; const m = new Model(); const y: Float32Array[] = m.run([[1, 2, 3]]); m.push(y[0]!).length; m.reset();";
    expect(problems(types, use)).toEqual([]);
    expect(problems(types, "import { Model } from './model.js'; new Model().push(1);")).toHaveLength(1);
  });

  it('says what is wrong with a step', async () => {
    const model = new (await classOf(spec))();
    expect(() => model.push([1, 2])).toThrow(/got a step of 2 numbers, wanted 3/);
    expect(() => model.run([])).toThrow(/got 0 steps/);
    const ids = new (
      await classOf(modelOf([recurrent(cells.rnn, [9, 4])], { kind: 'ids', steps: null, size: 9 }))
    )();
    for (const id of [9, -1, 0.5, Number.NaN, '1'])
      expect(() => ids.push(id)).toThrow(/got the id .+, wanted a whole number from 0 to 8/);
  });

  it('runs nothing that a name of the model says', async () => {
    const name = '*/\u2028globalThis.broken = 1;//\n`\'"</script>\\';
    const named = { ...spec, name, layers: spec.layers.map((l) => ({ ...l, name })) };
    new (await classOf(named))();
    expect((globalThis as { broken?: number }).broken).toBeUndefined();
    expect(problems(writeStandalone(named).types, '')).toEqual([]);
  });

  it.each([
    ['f16', 2],
    ['int8', 3],
  ] as const)('is smaller in %s', (weights, times) => {
    const large = modelOf([recurrent(cells.lstm, [64, 64])], { kind: 'features', steps: null, width: 64 });
    const [full, small] = [writeStandalone(large), writeStandalone(large, { weights })].map(
      ({ module }) => module.length,
    );
    expect(full! / small!).toBeGreaterThan(times * 0.9);
  });

  it('refuses masks and unknown cells, by the layer’s name', () => {
    const masks = modelOf([{ kind: 'masking', name: 'mask', value: 0 }, ...spec.layers]);
    expect(() => writeStandalone(masks)).toThrow(/GW_EXPORT_UNSUPPORTED.*"mask".*without its padding/);
    const own = {
      ...recurrent(cells.rnn, size, { name: 'odd' }),
      cell: { kind: 'own', name: 'nobody' },
    } as const;
    expect(() => writeStandalone(modelOf([own]))).toThrow(/GW_EXPORT_UNSUPPORTED.*"odd".*registerCell/);
  });
});

/** What TypeScript says of a file that uses the types. */
function problems(types: string, use: string): string[] {
  const files = new Map([
    ['/model.d.ts', types],
    ['/use.ts', `${use}\nexport {};`],
  ]);
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    noUncheckedIndexedAccess: true,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
    lib: ['lib.es5.d.ts'],
  };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, target) => {
    const text = files.get(path);
    return text === undefined
      ? getSourceFile.call(host, path, target)
      : ts.createSourceFile(path, text, target);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}
