import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The test page's script, from the sources of the packages, as an application's bundler makes it. */
export async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [here('page/main.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['gatewise-source'],
    logLevel: 'silent', // what fails is thrown, with the same text
  });
  return outputFiles[0]!.text;
}
