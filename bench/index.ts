import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { GatewiseError } from '@gatewise/core';
import { helpText, readOptions } from './args.js';
import { machineLines } from './machine.js';
import { publish, type Results, resultsFolder, writeResults } from './results.js';
import { runAll } from './run.js';
import { memoryLine, peakLine, quickstartLines, targetTable } from './table.js';

/** Where a run is at home: the terminal and bench/results. */
export interface Setting {
  readonly say?: (line: string) => void;
  readonly folder?: string;
}

/** Measures, prints, writes. Errors: `GW_BENCH_…`. */
export async function main(argv: readonly string[], setting: Setting = {}): Promise<Results | undefined> {
  const options = readOptions(argv);
  const say = setting.say ?? console.log;
  if (options.help) {
    say(helpText);
    return undefined;
  }
  const { machine, versions, rows, targets, missing } = await runAll(options, say);
  const whole = { ...machine, load: [...machine.load, loadavg()[0]!] };
  const results: Results = {
    ...{ machine: whole, header: machineLines(whole, versions), rows, targets },
    missing: Object.fromEntries(missing),
  };
  for (const line of [...results.header, peakLine(rows), memoryLine(rows), ...quickstartLines(rows)])
    say(line);
  say(`\n${targetTable(targets)}`);
  for (const [name, why] of missing) say(`missing: ${name}: ${why}`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(rows, undefined, 1)}\n`);
  const written = await writeResults(results, setting.folder ?? resultsFolder, 'last');
  if (options.write) written.push(...(await publish(results)));
  for (const file of written) say(`wrote ${file}`);
  return results;
}

/** Runs when it is the program, and not when a test imports it. */
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  // an exit, so that the workers end and their files go
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  try {
    await main(process.argv.slice(2));
    process.exit(0);
  } catch (error) {
    console.error(error instanceof GatewiseError ? error.message : error);
    process.exit(1);
  }
}
