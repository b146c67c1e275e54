import { styleText } from 'node:util';
import { backendNames, type ConcreteBackend } from '@gatewise/backends';
import { Command, Option } from 'commander';
import type { Examination } from './examine.js';
import type { Finding } from './finding.js';

/** `gatewise doctor`. */
export function doctorCommand(): Command {
  const backends = (flags: string, text: string) => new Option(flags, text).choices(backendNames);
  return new Command('doctor')
    .description('say what this machine has for recurrent networks, what is missing, and what brings it')
    .addOption(backends('--need <backends...>', 'backends that have to be there'))
    .option('--json', 'what was found as JSON')
    .option('--debug', 'show the stack of an error')
    .addOption(backends('--probe <backend>', 'start one backend and say what came of it').hideHelp())
    .addHelpText('after', '\nExit code: 0 where all that is needed is there, 1 where it is not.')
    .action(act);
}

interface Options {
  readonly need?: readonly string[];
  readonly json?: true;
  readonly probe?: ConcreteBackend;
}

async function act({ need, json, probe }: Options): Promise<void> {
  if (probe !== undefined) {
    const { answerProbe } = await import('./probe.js');
    return answerProbe(probe);
  }
  const { examine } = await import('./examine.js');
  const found = await examine(need);
  console.log(json ? JSON.stringify(found, undefined, 2) : told(found));
  if (!found.ok) process.exitCode = 1;
}

/** The findings for people: a line each, and beneath what is missing why it matters and what brings it. */
export function told({ ok, parts }: Examination): string {
  const width = Math.max(...Object.values(parts).flatMap((all) => all.map(({ name }) => name.length)));
  const entries = Object.entries(parts);
  const blocks = entries.map(([part, all], i) => {
    const others = entries.slice(i + 1).flatMap(([, findings]) => findings);
    const lines = all.map((finding, n) => line(finding, width, all.slice(n + 1), others));
    return [styleText('bold', part), ...lines].join('\n');
  });
  const end = ok ? 'All that is needed is there.' : styleText('red', 'Something that is needed is missing.');
  return [...blocks, end].join('\n\n');
}

/** What several have in common is said once: beneath the last of a part, and what brings them beneath the last of all. */
function line(
  { name, ok, found, required, why, fix }: Finding,
  width: number,
  below: readonly Finding[],
  parts: readonly Finding[],
): string {
  const sign = ok ? styleText('green', '✓') : required ? styleText('red', '✗') : styleText('yellow', '–');
  const first = `  ${sign} ${name.padEnd(width)}  ${found}`;
  if (ok || below.some((other) => !other.ok && other.why === why && other.fix === fix)) return first;
  const later = [...below, ...parts].find((other) => !other.ok && other.fix === fix);
  const bring = later === undefined ? fix : `what ${later.name} needs, below`;
  const more = [why, ...(fix === undefined ? [] : [`→ ${bring}`])];
  return [first, ...more.map((text) => styleText('dim', `      ${text}`))].join('\n');
}
