import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
export const folderOf = (name: string) => dirname(require.resolve(`${name}/package.json`));

/** Makes a package of this repository's node_modules one of a project's. */
export function link(project: string, name: string, target = folderOf(name)): void {
  const place = join(project, 'node_modules', name);
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(target, place, 'junction');
}

/** The real tfjs-node without its addon, under a name, beside everything that it requires; gives the copy's folder. */
export function copyTfjsNode(project: string, name = '@tensorflow/tfjs-node'): string {
  const original = folderOf('@tensorflow/tfjs-node');
  const copy = join(project, 'node_modules', name);
  cpSync(join(original, 'dist'), join(copy, 'dist'), { recursive: true });
  writeFileSync(
    join(copy, 'package.json'),
    JSON.stringify({ ...require(join(original, 'package.json')), name }),
  );
  for (const name of ['tfjs', 'tfjs-core']) link(project, `@tensorflow/${name}`);
  for (const name of ['@mapbox/node-pre-gyp', 'google-protobuf', 'progress', 'tslib']) link(project, name);
  return copy;
}
