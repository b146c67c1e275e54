import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

// Compiles assembly/ into src/module.generated.ts: `node packages/engine-wasm/build.mjs [--force]`. Instant when current.

const here = dirname(fileURLToPath(import.meta.url));
const generated = join(here, 'src', 'module.generated.ts');

const common = ['--runtime', 'stub', '--noAssert', '-O3', '--importMemory', '--enable', 'simd'];
const variants = { simd: [], relaxed: ['--enable', 'relaxed-simd'] };

/** What decides whether the module is current: the sources, the flags, the compiler. */
function stampOf() {
  const folder = join(here, 'assembly');
  const { version } = createRequire(import.meta.url)('assemblyscript/package.json');
  const hash = createHash('sha256').update(JSON.stringify([common, variants, version]));
  for (const file of readdirSync(folder).sort())
    hash.update(`${file}\n`).update(readFileSync(join(folder, file)));
  return `// ${hash.digest('hex')}`;
}

/** True when src/module.generated.ts is there, made of these sources with these flags. */
export function isBuilt() {
  return existsSync(generated) && readFileSync(generated, 'utf8').startsWith(stampOf());
}

/** Compiles what is not current; gives 'built' or 'skipped'. The compiler's errors come as it says them. */
export async function buildWasm({ force = false } = {}) {
  const stamp = stampOf();
  if (!force && isBuilt()) return 'skipped';
  const folder = mkdtempSync(join(tmpdir(), 'gatewise-wasm-'));
  try {
    const lines = await Promise.all(Object.entries(variants).map((variant) => compile(...variant, folder)));
    const text = `${stamp}\n// Compiled from assembly/ by build.mjs.\n${lines.join('')}`;
    // moved into place whole: another process may be reading it
    writeFileSync(`${generated}.${process.pid}`, text);
    renameSync(`${generated}.${process.pid}`, generated);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return 'built';
}

async function compile(name, flags, folder) {
  const compiler = join(
    dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')),
    'bin/asc.js',
  );
  const out = join(folder, `${name}.wasm`);
  try {
    await promisify(execFile)(
      process.execPath,
      [compiler, 'assembly/index.ts', ...common, ...flags, '--outFile', out],
      { cwd: here },
    );
  } catch (cause) {
    throw new Error(`GW_SETUP_WASM: assembly/ does not compile:\n${cause.stderr || cause.message}`, {
      cause,
    });
  }
  return `export const ${name} =\n  '${readFileSync(out).toString('base64')}';\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const done = await buildWasm({ force: process.argv.includes('--force') });
  console.log(`engine-wasm: ${done === 'built' ? 'compiled' : 'up to date'}`);
}
