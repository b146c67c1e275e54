import { goldenLines, type Runner, replayGolden } from '@gatewise/testing';
import { golden } from '../../golden/registry.js';
import { backend, type PageBackend } from './backend.js';

/** Replays golden files that the page's server has. */
export function goldenSuite(
  { describe, it }: Runner,
  files: readonly string[],
  { on, engine }: { on: PageBackend; engine: string },
): void {
  describe(`golden files, engine ${engine} on ${on}`, () => {
    for (const file of files) {
      it(file, async () => {
        await backend(on);
        const result = await replayGolden(file, await json(`/golden/${file}`), { ...golden, engine });
        if (result.status !== 'passed') throw new Error(goldenLines(result).join('\n'));
      });
    }
  });
}

export async function json(path: string): Promise<unknown> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`got status ${response.status} for ${path}, wanted 200`);
  return response.json();
}
