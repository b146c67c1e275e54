import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { has, read, root, workspaces } from './repository.js';

/** The names of an interface's or a type's own members, as the source has them. */
function membersOf(file: string, ...types: string[]): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node, inside: boolean): void => {
    const named = (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) && node.name.text;
    const within = inside || (named !== false && types.includes(named));
    if (within && ts.isPropertySignature(node)) found.push(node.name.getText());
    ts.forEachChild(node, (child) => visit(child, within));
  };
  visit(ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true), false);
  return found;
}

const own = membersOf('packages/layers/src/config.ts', 'RecurrentConfig');
const general = [...read('packages/layers/src/tf-layers.ts').matchAll(/^ {2}'(\w+)',$/gm)].map(([, n]) => n!);
const stack = membersOf('packages/layers/src/stack-config.ts', 'StackOptions', 'StackConfig', 'LevelConfig');
const batch = membersOf('packages/plugin/src/hooks.ts', 'Batch');
const train = [
  ...membersOf('packages/trainer/src/train-options.ts', 'RunOptions', 'BatchChoice'),
  ...membersOf('packages/trainer/src/trainable.ts', 'TrainableOptions'),
];
const options: Readonly<Record<string, readonly string[]>> = {
  recurrent: [...own, ...general],
  stack: [...own, ...general, ...stack, ...batch],
  train: [...train, ...batch],
};

/** What any package or plugin exports. */
const exported = new Set(
  ['packages', 'plugins']
    .flatMap(workspaces)
    .map((folder) => `${folder}/src/index.ts`)
    .filter(has)
    .flatMap((file) => [...read(file).matchAll(/\b(\w+)\b(?=[,\s]*[},])/g)].map(([, name]) => name!)),
);
const sources = ['losses.ts', 'metrics.ts'].map((name) => read(`packages/trainer/src/${name}`)).join('');
const words = `${sources}${read('packages/layers/src/stack-config.ts')}${read('packages/layers/src/config.ts')}`;

const guides = readdirSync(join(root, 'site/coming-from')).map((name) => `site/coming-from/${name}`);

/** The second column of the tables of one kind, code by code. */
function* claims(text: string): Iterable<{ kind: string; code: string }> {
  for (const [, kind, table] of text.matchAll(/<!-- options: (\w+) -->([\s\S]*?)<!-- \/options -->/g)) {
    const rows = table!
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(2);
    for (const row of rows) {
      const cell = row.split(' | ')[1] ?? '';
      for (const [, code] of cell.matchAll(/`([^`]+)`/g)) yield { kind: kind!, code: code! };
    }
  }
}

describe.each(guides)('%s', (file) => {
  it('names options, functions and words that are there', () => {
    const all = [...claims(read(file))];
    expect(all.length).toBeGreaterThan(20);
    const wrong = all.filter(({ kind, code }) => {
      const call = /^(\w+)\(/.exec(code)?.[1];
      if (call !== undefined) return !exported.has(call);
      if (/^'\w+'$/.test(code))
        return !words.includes(code) && !new RegExp(`\\b${code.slice(1, -1)}\\b`).test(words);
      return /^\w+$/.test(code) && !options[kind]!.includes(code);
    });
    expect(wrong).toEqual([]);
  });
});

it('Keras names every option of a recurrent layer, and every one of train that is no word of its own', () => {
  const text = read('site/coming-from/keras.md');
  const codes = new Set([...text.matchAll(/`(\w+)(?:: [^`]*)?`/g)].map(([, code]) => code));
  expect(own.filter((name) => !codes.has(name) && name !== 'inputShape')).toEqual([]);
});
