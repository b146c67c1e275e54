import { styleText } from 'node:util';
import { GatewiseError } from '@gatewise/core';
import type { Command, CommanderError } from 'commander';

/**
 * Runs a command line program to its end: errors are one message on stderr, with a stack under --debug alone.
 * The exit code is 0, 1 for what failed, 2 for a command line that is wrong.
 *
 * @example await runCommand(program, process.argv.slice(2));
 */
export async function runCommand(program: Command, args: readonly string[]): Promise<void> {
  for (const command of withSubcommands(program)) {
    command
      .exitOverride()
      .configureOutput({ outputError: () => {} })
      .configureHelp({ styleTitle: (title) => styleText('bold', title, { validateStream: false }) });
  }
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    report(program, error, args.includes('--debug'));
  }
}

const withSubcommands = (command: Command): Command[] => [
  command,
  ...command.commands.flatMap((child) => withSubcommands(child)),
];

function report(program: Command, error: unknown, debug: boolean): void {
  if (isUsage(error)) {
    if (error.exitCode === 0) return; // --help and --version have said it all
    process.exitCode = 2;
    console.error(`GW_CLI_USAGE: ${usage(error, program.name())}`);
    return;
  }
  process.exitCode = 1;
  if (debug) console.error(error);
  else if (error instanceof GatewiseError || hasCode(error)) console.error(error.message);
  else console.error(`${error instanceof Error ? error.message : error}\n--debug shows where.`);
}

/** By its code, not its class: two programs may have a commander each. */
const isUsage = (error: unknown): error is CommanderError =>
  error instanceof Error && String((error as { code?: unknown }).code).startsWith('commander.');

/** Errors of plugins' hooks carry a code too. */
const hasCode = (error: unknown): error is Error & { code: string } =>
  error instanceof Error && String((error as { code?: unknown }).code).startsWith('GW_');

function usage({ code, message }: CommanderError, name: string): string {
  if (code === 'commander.help') return `got no command; ${name} --help lists them`;
  const said = message.replace(/^error: /, '').replace(/\n/g, ' ');
  return `${said}; --help lists what there is`;
}
