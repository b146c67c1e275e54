import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { newCommand, runCommand } from 'create-gatewise';
import { benchCommand } from './bench/command.js';
import { exportCommand } from './convert/export.js';
import { importCommand } from './convert/import.js';
import { doctorCommand } from './doctor/command.js';
import { sampleCommand } from './sample.js';
import { trainCommand } from './train/command.js';

/** The program `gatewise`. Sets the exit code: 0, 1 for what failed, 2 for a command line that is wrong. */
export async function main(args: readonly string[]): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const program = new Command('gatewise')
    .description('Recurrent networks on TensorFlow.js.')
    .version(version)
    .option('--debug', 'show the stack of an error')
    .addCommand(newCommand('new'))
    .addCommand(trainCommand('train'))
    .addCommand(sampleCommand())
    .addCommand(benchCommand())
    .addCommand(exportCommand())
    .addCommand(importCommand())
    .addCommand(doctorCommand());
  await runCommand(program, args);
}
