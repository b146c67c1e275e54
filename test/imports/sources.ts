import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import ts from 'typescript';

/** A workspace: packages/x, plugins/x or examples/x. */
export interface Project {
  readonly kind: 'packages' | 'plugins' | 'examples';
  readonly name: string;
  readonly manifest: Manifest;
  readonly files: readonly Source[];
}
export interface Manifest {
  readonly name: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}
export interface Source {
  /** From the repository's root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly isTest: boolean;
  readonly imports: readonly Import[];
  readonly hasDefaultExport: boolean;
}
export interface Import {
  readonly from: string;
  /** Gone after compiling. */
  readonly typeOnly: boolean;
}

/** Every project under a root that has a package.json, with its parsed sources. */
export function readProjects(root: string): Project[] {
  return (['packages', 'plugins', 'examples'] as const).flatMap((kind) => {
    const parent = join(root, kind);
    if (!existsSync(parent)) return [];
    const names = readdirSync(parent).filter((name) => existsSync(join(parent, name, 'package.json')));
    return names.sort().map((name) => {
      const folder = join(parent, name);
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
      const path = (file: string) => relative(root, file).split(sep).join('/');
      const files = walk(folder).map((file) => parseSource(path(file), readFileSync(file, 'utf8')));
      return { kind, name, manifest, files };
    });
  });
}

/** Templates are packages of their own, once they are made. */
const passedOver = ['node_modules', 'dist', 'runs', 'coverage', 'templates'];

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return passedOver.includes(entry.name) ? [] : walk(path);
    return /\.[cm]?[jt]sx?$/.test(entry.name) && !entry.name.endsWith('.d.ts') ? [path] : [];
  });
}

export function parseSource(path: string, text: string): Source {
  const parsed = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  let hasDefaultExport = false;
  const visit = (node: ts.Node): void => {
    const found = importOf(node);
    if (found) imports.push(found);
    hasDefaultExport ||= isDefaultExport(node);
    ts.forEachChild(node, visit);
  };
  visit(parsed);
  return { path, text, imports, hasDefaultExport, isTest: isTestFile(path) };
}

/** Tests, and what only tests use: a package's own folders for that, its config files. */
const isTestFile = (path: string) =>
  /\.(test|config)\.[cm]?[jt]s$/.test(path) || /^[^/]+\/[^/]+\/(src\/)?test(-support)?\//.test(path);

/** import, export … from, import = require(), import(), require(), and import('…') in a type. */
function importOf(node: ts.Node): Import | undefined {
  const text = (name: ts.Node | undefined) => (name && ts.isStringLiteralLike(name) ? name.text : undefined);
  const made = (from: string | undefined, typeOnly: boolean) =>
    from === undefined ? undefined : { from, typeOnly };
  if (ts.isImportDeclaration(node)) return made(text(node.moduleSpecifier), importsTypes(node.importClause));
  if (ts.isExportDeclaration(node)) return made(text(node.moduleSpecifier), node.isTypeOnly);
  if (ts.isExternalModuleReference(node)) return made(text(node.expression), false);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
    return made(text(node.argument.literal), true);
  if (!ts.isCallExpression(node)) return undefined;
  const { expression } = node;
  const called =
    expression.kind === ts.SyntaxKind.ImportKeyword ||
    (ts.isIdentifier(expression) && expression.text === 'require');
  return called ? made(text(node.arguments[0]), false) : undefined;
}

function importsTypes(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const bindings = clause.namedBindings;
  if (clause.name || !bindings || !ts.isNamedImports(bindings)) return false;
  return bindings.elements.length > 0 && bindings.elements.every((element) => element.isTypeOnly);
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return !node.isExportEquals;
  if (ts.isExportSpecifier(node)) return node.name.text === 'default';
  const modifiers = ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : [];
  return modifiers.some((m) => m.kind === ts.SyntaxKind.DefaultKeyword);
}
