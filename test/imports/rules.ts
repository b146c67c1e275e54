import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import type { Import, Project, Source } from './sources.js';

/** Imports point one way: a package imports only what stands before it. Engines stand on one step. */
const order: readonly string[] = [
  ...[
    'core',
    'cells',
    'recurrence',
    'bytecode',
    'shader',
    'kernels',
    'engine-*',
    'backends',
    'data',
    'layers',
    'seq2seq',
    'inspect',
    'drop-in',
    'safetensors',
    'plugin',
    'optimisers',
    'trainer',
    'trainer-worker',
    'interop',
  ],
  ...['testing', 'create-gatewise', 'cli'],
];
/** Packages that may import less than the order allows. */
const only: Readonly<Record<string, readonly string[]>> = {
  core: [],
  cells: ['core'],
  safetensors: ['core'],
  plugin: ['core'],
  kernels: ['core'],
};
/** What a package may import from outside, where that is limited; `type` is for types alone. */
const outside: Readonly<Record<string, Readonly<Record<string, 'type' | 'value'>>>> = {
  core: {},
  cells: {},
  safetensors: {},
  plugin: { inversify: 'value', '@tensorflow/tfjs-core': 'type' },
};
/** Packages that run in Node alone, or load Node's modules only where they are in Node. */
const usesNode = [
  'engine-native',
  'engine-wasm',
  'backends',
  'plugin',
  'trainer-worker',
  'testing',
  'create-gatewise',
  'cli',
];
/** Where tensors lie on the host, or a backend where they do is asked for first: elsewhere such a read stalls or throws. */
const readsSynchronously = [
  'packages/engine-native/',
  'packages/engine-wasm/',
  'packages/layers/src/checks.ts',
];

const step = (name: string) => order.indexOf(name.startsWith('engine-') ? 'engine-*' : name);
const SCOPE = '@gatewise/';

/** Everything in the projects that breaks a rule, one line each. */
export function violations(projects: readonly Project[]): string[] {
  return projects.flatMap((project) => [
    ...orderOf(project),
    ...project.files.flatMap((file) => [
      ...file.imports.flatMap((i) =>
        importRule(project, file, i, projects).map((why) => `${file.path}: ${why}`),
      ),
      ...fileRules(file).map((why) => `${file.path}: ${why}`),
    ]),
    ...manifestRules(project, projects).map((why) => `${project.kind}/${project.name}/package.json: ${why}`),
  ]);
}

function orderOf({ kind, name }: Project): string[] {
  const known = kind !== 'packages' || step(name) >= 0;
  return known ? [] : [`packages/${name}: has no place in the order of packages (test/imports/rules.ts)`];
}

function importRule(
  project: Project,
  file: Source,
  { from, typeOnly }: Import,
  all: readonly Project[],
): string[] {
  if (from.startsWith('.')) return relativeRule(project, file, from);
  if (project.kind === 'examples') return deepRule(from);
  if (from.startsWith(SCOPE)) return [...deepRule(from), ...scopeRule(project, file, from, all)];
  return file.isTest ? [] : [...deepRule(from), ...outsideRule(project, from, typeOnly)];
}

/** A relative import stays inside its project, and names the file that will be there after compiling. */
function relativeRule({ kind, name }: Project, file: Source, from: string): string[] {
  const target = posix.join(posix.dirname(file.path), from);
  if (!target.startsWith(`${kind}/${name}/`))
    return [`reaches out of its package to "${from}": import it by name`];
  // AssemblyScript knows no endings
  if (file.path.startsWith('packages/engine-wasm/assembly/')) return [];
  return /\.(js|json|mjs|cjs)$/.test(from) ? [] : [`imports "${from}" without its ending .js`];
}

/** No file of another package: only what it exports. */
function deepRule(from: string): string[] {
  const deep = from.startsWith(SCOPE) ? from.split('/').length > 2 : /^@tensorflow\/[^/]+\/./.test(from);
  return deep ? [`imports "${from}", a file inside another package`] : [];
}

function scopeRule(project: Project, file: Source, from: string, all: readonly Project[]): string[] {
  const target = all.find(({ manifest }) => manifest.name === from.split('/').slice(0, 2).join('/'));
  if (!target) return [`imports "${from}", which is no package here`];
  if (target === project) return ['imports its own package by name'];
  // nothing depends on a plugin, so what its tests import closes no circle; other packages declare theirs
  if (file.isTest && project.kind === 'plugins' && target.kind === 'packages') return [];
  if (file.isTest && project.manifest.devDependencies?.[target.manifest.name] !== undefined) return [];
  // the command line is a program: it puts plugins to use as an application does
  if (target.kind === 'plugins' && project.name === 'cli') return [];
  if (target.kind !== 'packages') return [`imports "${from}" from ${target.kind}/: nothing depends on those`];
  if (project.kind === 'plugins') {
    const fine = ['core', 'plugin', 'safetensors'].includes(target.name);
    return fine ? [] : [`imports "${from}": plugins import core, plugin, safetensors and tf.js`];
  }
  const allowed = file.isTest ? undefined : only[project.name];
  if (allowed && !allowed.includes(target.name)) {
    return [`imports "${from}": ${project.name} imports ${allowed.join(', ') || 'nothing'}`];
  }
  return step(target.name) < step(project.name)
    ? []
    : [`imports "${from}", which stands after it: ${order.join(' ← ')}`];
}

function outsideRule(project: Project, from: string, typeOnly: boolean): string[] {
  if (isBuiltin(from)) {
    if (!from.startsWith('node:')) return [`imports "${from}" without node:`];
    const fine = project.kind === 'plugins' || usesNode.includes(project.name);
    return fine ? [] : [`imports "${from}": this package runs in a page too`];
  }
  const limits = project.kind === 'packages' ? outside[project.name] : undefined;
  if (!limits) return [];
  const how = limits[from];
  if (how === undefined) return [`imports "${from}": ${project.name} may not`];
  return how === 'type' && !typeOnly ? [`imports "${from}" for more than its types`] : [];
}

function fileRules(file: Source): string[] {
  const found: string[] = [];
  const config = /\.config\.[cm]?[jt]s$/.test(file.path);
  if (file.hasDefaultExport && !config) found.push('has a default export');
  if (/\/utils?\.[jt]s$/.test(file.path)) found.push('is called utils: name what it does');
  if (/\/src\/.+\/index\.ts$/.test(file.path)) found.push('is a barrel below the root of its package');
  if (file.isTest || file.path.startsWith('examples/')) return found;
  if (/\bMath\.random\b/.test(file.text)) found.push('uses Math.random: use random(seed) of core');
  const onHost = readsSynchronously.some((start) => file.path.startsWith(start));
  if (/\b(dataSync|arraySync)\b\s*\(/.test(file.text) && !onHost) {
    found.push('reads a tensor synchronously: await t.data()');
  }
  return found;
}

/** Dependencies are what the sources import, no more and no less; every package has the same scripts. */
function manifestRules(project: Project, all: readonly Project[]): string[] {
  const { kind, manifest, files } = project;
  if (kind === 'examples') return [];
  const imported = new Set(
    files
      .filter((file) => !file.isTest)
      .flatMap((file) => file.imports.map(({ from }) => from))
      .filter((from) => !from.startsWith('.') && !isBuiltin(from))
      .map((from) =>
        from
          .split('/')
          .slice(0, from.startsWith('@') ? 2 : 1)
          .join('/'),
      ),
  );
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
  const missing = [...imported].filter((name) => !(name in declared));
  const unused = Object.keys(manifest.dependencies ?? {}).filter((name) => !imported.has(name));
  const model = all.find((p) => p.kind === 'packages' && p.name === 'core')?.manifest.scripts ?? {};
  const scripts = Object.entries(model).filter(([key, script]) => manifest.scripts?.[key] !== script);
  return [
    ...missing.map((name) => `does not declare "${name}", which the sources import`),
    ...unused.map((name) => `declares "${name}", which no source imports`),
    ...scripts.map(([key, script]) => `has the script ${key}: ${manifest.scripts?.[key]}, wanted ${script}`),
  ];
}
