import { relative } from 'node:path';
import { cancel, isCancel, select, text } from '@clack/prompts';
import { Argument, Command } from 'commander';
import { nameFault } from './names.js';
import { type Kind, kinds, scaffold } from './scaffold.js';

const names = Object.keys(kinds) as Kind[];

/** The command that makes a package: `gatewise new` and `npm create gatewise`. On a terminal it asks for what is missing. */
export function newCommand(name: string): Command {
  return new Command(name)
    .description('make a plugin, a cell or a project that builds and is tested')
    .addArgument(new Argument('[kind]', 'what to make').choices(names))
    .argument('[name]', "the package's name, such as gradient-noise or @me/gradient-noise")
    .option('--folder <path>', 'where to (default: the name without its scope)')
    .option('--json', 'what was made as JSON on stdout')
    .option('--debug', 'show the stack of an error')
    .addHelpText('after', `\n${names.map((kind) => `  ${kind.padEnd(8)} ${kinds[kind]}`).join('\n')}`)
    .action(make);
}

interface Options {
  readonly folder?: string;
  readonly json?: true;
}

async function make(
  given: Kind | undefined,
  name: string | undefined,
  { folder, json }: Options,
  command: Command,
): Promise<void> {
  const wanted = await complete(given, name, command);
  if (wanted === undefined) return;
  const made = await scaffold(wanted.kind, wanted.name, folder);
  const path = relative(process.cwd(), made.folder) || '.';
  if (json) {
    console.log(JSON.stringify({ ...wanted, ...made }, undefined, 2));
    return;
  }
  console.log(`Made ${path}/, ${kinds[wanted.kind]}:
${made.files.map((file) => `  ${file}`).join('\n')}

Next:
  cd ${path}
  npm install
  ${wanted.kind === 'project' ? 'npm run train' : 'npm test'}`);
}

interface Wanted {
  readonly kind: Kind;
  readonly name: string;
}

/** Asks for what is missing; off a terminal that is an error. Undefined where the asked gives up. */
async function complete(
  kind: Kind | undefined,
  name: string | undefined,
  command: Command,
): Promise<Wanted | undefined> {
  if (kind !== undefined && name !== undefined) return { kind, name };
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    command.error(`got no ${kind === undefined ? 'kind' : 'name'}, wanted such as: plugin gradient-noise`);
  }
  const chosen = kind ?? (await askKind());
  const called = isCancel(chosen) ? chosen : (name ?? (await askName(chosen)));
  if (!isCancel(chosen) && !isCancel(called)) return { kind: chosen, name: called };
  cancel('Nothing was made.');
  return undefined;
}

const askKind = () =>
  select({
    message: 'What shall it be?',
    options: names.map((value) => ({ value, label: value, hint: kinds[value] })),
  });

const askName = (kind: Kind) =>
  text({
    message: `What is the ${kind} called?`,
    placeholder: `my-${kind}`,
    validate: (value) => nameFault(value ?? ''),
  });
