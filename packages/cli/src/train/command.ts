import type { BackendName } from '@gatewise/backends';
import type { ProgressStream } from '@gatewise/plugin-progress';
import { Command } from 'commander';
import { type TextOptions, withTextOptions } from './options.js';
import { readText, type Text } from './record.js';
import type { Result } from './tell.js';

/** Where a run is at home: the terminal, when nothing else is said. */
export interface Home {
  /** Takes what is asked for: the result under --json. */
  readonly print?: (text: string) => void;
  /** Takes what is said to people. */
  readonly say?: (text: string) => void;
  /** Where the progress bar goes. */
  readonly progress?: ProgressStream;
  /** Takes the result. */
  readonly done?: (result: Result) => void;
}

/** What a program of its own may set. */
interface Training extends Home {
  /** The text, in place of a file. */
  readonly given?: () => Text;
  /** Where nothing else is asked for. */
  readonly backend?: BackendName;
}

/** The command that trains on a text: on the file that its argument names, or on one that is given. */
export function trainCommand(name: string, { given, backend = 'cpu', ...home }: Training = {}): Command {
  const command = new Command(name).description(
    'train a character model, score it on text it has not seen, let it write, save it',
  );
  if (given === undefined)
    command.argument('[file]', 'a text in UTF-8; of a run that goes on: where it is now');
  return withTextOptions(command, backend)
    .option('--resume <folder>', 'go on with the run of this folder, from its last checkpoint')
    .option('--debug', 'show the stack of an error')
    .action(async (...args) => {
      const file = given === undefined ? (args[0] as string | undefined) : undefined;
      await act(command, given ? async () => given() : undefined, file, home);
    });
}

async function act(
  command: Command,
  given: (() => Promise<Text>) | undefined,
  file: string | undefined,
  home: Home,
): Promise<void> {
  const options = command.opts<TextOptions & { resume?: string; debug?: true }>();
  const { resume, debug: _, ...wanted } = options;
  const print = home.print ?? ((text: string) => void process.stdout.write(text));
  const say = home.say ?? (options.json ? (text: string) => void process.stderr.write(text) : print);
  const at = { say, progress: home.progress ?? process.stderr };
  const { resumeText, trainText } = await import('./train-text.js');
  const read = (path: string | undefined): Promise<Text> => {
    if (given !== undefined) return given();
    if (path === undefined) return command.error('got no file, wanted a text, such as: book.txt');
    return readText(path);
  };
  const result =
    resume === undefined
      ? await trainText(await read(file), wanted, at)
      : await resumeText(resume, (recorded) => read(file ?? recorded), asked(command, wanted), at);
  if (options.json) print(`${JSON.stringify(result, undefined, 2)}\n`);
  home.done?.(result);
}

/** What may differ when a run goes on, where it was asked for; anything else given is an error. */
function asked(command: Command, wanted: TextOptions): Pick<TextOptions, 'steps' | 'minutes' | 'json'> {
  const may = ['resume', 'steps', 'minutes', 'json', 'debug'];
  const given = command.options
    .map((option) => option.attributeName())
    .filter((name) => command.getOptionValueSource(name) === 'cli');
  const odd = given.filter((name) => !may.includes(name));
  if (odd.length > 0) {
    command.error(
      `got ${odd.join(', ')} with --resume, wanted --steps and --minutes at most: a run keeps its options`,
    );
  }
  const { steps, minutes, json } = wanted;
  return {
    ...(steps !== undefined && { steps }),
    ...(minutes !== undefined && { minutes }),
    ...(json !== undefined && { json }),
  };
}
