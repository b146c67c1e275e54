import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** A script for a page, and the files that went into it. */
export interface Bundle {
  readonly text: string;
  readonly files: readonly string[];
}

/** A script of the test page, from the sources of the packages. */
export const bundlePage = (
  name: 'main' | 'worker' | 'responsive' | 'train-worker' | 'crash',
): Promise<Bundle> => bundle({ entryPoints: [here(`page/${name}.ts`)] });

/** What an application gets that writes `source`; tf.js stays outside. */
export const bundleSource = (source: string): Promise<Bundle> =>
  bundle({
    stdin: { contents: source, resolveDir: here('.') },
    external: ['@tensorflow/*'],
    minify: true,
  });

/** As an application's bundler does it, with nothing of Node: an import of its modules is an error. */
async function bundle(options: BuildOptions): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...options,
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['gatewise-source'],
    logLevel: 'silent', // what fails is thrown, with the same text
  });
  return { text: outputFiles![0]!.text, files: Object.keys(metafile!.inputs) };
}
