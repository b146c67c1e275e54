import { random } from '@gatewise/core';
import { outcome, type Program } from './process.js';

/** Starts a run again and again, each process killed at a seeded moment, until the last one comes to the end. */
export async function killAndGoOn(program: Program, engine: string, kills: number, seed: number) {
  const folder = program.folder();
  const moments = random(seed).fork(engine);
  const deaths: string[] = [];
  for (let n = 0; n < kills; n++) {
    const ended = await program.run({ folder, engine, die: 1 + moments.int(110) });
    const [, moment] = /dying in (.+)/.exec(ended.stdout) ?? [];
    if (!ended.killed || moment === undefined) throw new Error(`was not killed: ${ended.stderr}`);
    deaths.push(moment);
  }
  const last = await program.run({ folder, engine });
  if (last.killed) throw new Error(last.stderr);
  return { ...outcome(folder), deaths, said: last.stdout };
}

/** The same run, never killed. */
export async function runOnce(program: Program, engine: string, threads = '') {
  const folder = program.folder();
  const { stderr } = await program.run({ folder, engine }, threads ? { GATEWISE_THREADS: threads } : {});
  try {
    return outcome(folder);
  } catch {
    throw new Error(stderr);
  }
}

/** How many of the moments lie within the writing of a checkpoint. */
export const whileWriting = (deaths: readonly string[]): number =>
  deaths.filter((moment) => moment.startsWith('file')).length;
