import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadNative } from '@gatewise/engine-native';
import { afterAll, describe, expect, it } from 'vitest';

interface Run {
  readonly engine: string;
  readonly memory: 'all' | 'states' | number;
  readonly T: number;
  /** Beyond what the process had before the step. */
  readonly rssMiB: number;
  readonly tensorsMiB: number;
  readonly cpuSeconds: number;
  readonly gradients: readonly string[];
}
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const T = 10_000;
const figures: Omit<Run, 'gradients'>[] = [];

/** One step of an LSTM, B = 8, I = 16, H = 64, in a process of its own. */
function run(engine: string, memory: string): Run {
  const args = ['-C', 'gatewise-source', '--import', 'tsx', here('program.ts'), engine, memory, `${T}`];
  const out = execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const result = JSON.parse(out.trim().split('\n').at(-1)!) as Run;
  const { gradients: _, ...plain } = result;
  figures.push(plain);
  return result;
}
const numbers = (text: string) => {
  const bytes = Buffer.from(text, 'base64');
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
};

const native = await loadNative();
const why = 'missing' in native ? `: ${native.missing.message}` : '';
/** What `all` needs at least beside `states`, in MiB: five gates, and c, of 10,000 steps are 117. */
describe.each([
  ['native', 60],
  ['wasm', 60],
  ['ops', 500],
] as const)('a step over 10,000 steps on %s', (engine, least) => {
  it.skipIf(engine === 'native' && why !== '')(`needs a fraction of the memory${why}`, () => {
    const all = run(engine, 'all');
    // tf.js' ops take a minute each
    for (const memory of engine === 'ops' ? ['states'] : ['states', '1000']) {
      const some = run(engine, memory);
      expect(all.rssMiB - some.rssMiB).toBeGreaterThan(least);
      all.gradients.forEach((text, k) => {
        const [a, b] = [numbers(text), numbers(some.gradients[k]!)];
        const size = Math.max(...a.map(Math.abs));
        a.forEach((v, n) => {
          expect(Math.abs(v - b[n]!)).toBeLessThan(2e-5 * size);
        });
      });
    }
  });
});

afterAll(() => {
  const text = JSON.stringify({ cell: 'lstm', B: 8, I: 16, H: 64, figures }, null, 2);
  writeFileSync(here('memory.long.json'), `${text}\n`);
});
