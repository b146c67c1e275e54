import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AnyCell } from '@gatewise/core';
import { registeredCells } from '@gatewise/layers';
import ts from 'typescript';
import { read, root, workspaces } from './repository.js';

/** What a cell's source says of it. */
interface CellSource {
  /** The name it is exported by. */
  readonly exported: string;
  readonly folder: string;
  readonly file: string;
  /** Of its TSDoc: words, and lines of formulas. */
  readonly prose: string;
  readonly forward: readonly string[];
  /** The comments of its backward, with those of its operand's. */
  readonly backward: readonly string[];
}
export interface CellPage extends CellSource {
  readonly name: string;
  /** Absent where it is no cell of eight methods but a function of tensors. */
  readonly cell: AnyCell | undefined;
}

/** Folders that hold cells: the package, and the plugins that are named for theirs. */
const folders = () => ['packages/cells', ...workspaces('plugins').filter((f) => f.includes('/cell-'))];

/** Every cell there is: its names and functions from the module, its words and formulas from the source. */
export async function findCells(): Promise<CellPage[]> {
  const found = (await Promise.all(folders().map(cellsOf))).flat();
  const order = registeredCells();
  const place = ({ name }: CellPage) => (order.includes(name) ? order.indexOf(name) : order.length);
  return found.sort((a, b) => place(a) - place(b));
}

async function cellsOf(folder: string): Promise<CellPage[]> {
  const module: Record<string, unknown> = await import(
    pathToFileURL(join(root, folder, 'src/index.ts')).href
  );
  const cells = Object.entries(module).filter((entry): entry is [string, AnyCell] => isCell(entry[1]));
  if (cells.length > 0) {
    return cells.map(([exported, cell]) => ({ ...sourceOf(folder, exported), name: cell.name, cell }));
  }
  // no cell of eight methods: the function whose TSDoc has formulas
  const sources = Object.keys(module).map((exported) => sourceOf(folder, exported));
  const told = sources.filter(({ forward }) => forward.length > 0);
  return told.map((source) => ({ ...source, name: kebab(source.exported), cell: undefined }));
}

const isCell = (value: unknown): value is AnyCell =>
  typeof value === 'object' && value !== null && 'gates' in value && 'backward' in value;
const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Finds where a name is declared below a folder, and reads the comments there. */
function sourceOf(folder: string, exported: string): CellSource {
  const files = readdirSync(join(root, folder, 'src')).filter((name) => /^(?!.*\.test\.).*\.ts$/.test(name));
  for (const name of files) {
    const file = `${folder}/src/${name}`;
    const text = read(file);
    const parsed = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    const statement = parsed.statements.find((node) => declares(node, exported));
    if (!statement) continue;
    const doc = ts.getJSDocCommentsAndTags(statement).find(ts.isJSDoc);
    const lines = doc ? docLines(doc.getText()) : [];
    const formula = (line: string) => /^ {4}/.test(line);
    return {
      ...{ exported, folder, file },
      prose: prose(lines.filter((line) => !formula(line))),
      forward: lines.filter(formula).map((line) => line.trim()),
      backward: backwardComments(statement),
    };
  }
  throw new Error(`${folder}: found no declaration of ${exported}`);
}

function declares(node: ts.Statement, name: string): boolean {
  if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) return node.name?.text === name;
  if (!ts.isVariableStatement(node)) return false;
  return node.declarationList.declarations.some((d) => ts.isIdentifier(d.name) && d.name.text === name);
}

/** The text of a comment without its stars, up to its first tag. */
function docLines(comment: string): string[] {
  const body = comment.replace(/^\/\*\*|\*\/$/g, '').split('\n');
  const lines = body.map((line) => line.replace(/^ *\* ?/, '').replace(/ +$/, ''));
  const end = lines.findIndex((line) => line.startsWith('@'));
  return end < 0 ? lines : lines.slice(0, end);
}

const prose = (lines: readonly string[]) =>
  lines
    .join('\n')
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) => paragraph.replace(/\n/g, ' ').trim())
    .join('\n\n');

/** The `// …` lines inside every method or function named backward. */
function backwardComments(statement: ts.Node): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const named = (ts.isMethodDeclaration(node) || ts.isPropertyAssignment(node)) && node.name;
    if (named && ts.isIdentifier(named) && named.text === 'backward') {
      const full = node.getFullText();
      found.push(...[...full.matchAll(/^\s*\/\/ (.+)$/gm)].map(([, line]) => line as string));
    } else ts.forEachChild(node, visit);
  };
  visit(statement);
  return found.filter((line) => line.startsWith('δ'));
}
