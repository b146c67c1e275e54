import { random } from '@gatewise/core';
import { outcome, type Program } from './process.js';

/** Starts a run again and again, each process killed at a seeded moment, until the last one comes to the end. */
export async function killAndGoOn(program: Program, engine: string, kills: number, seed: number) {
  const folder = program.folder();
  const steps = stepsOf(kills);
  const moments = random(seed).fork(engine);
  const deaths: string[] = [];
  for (let n = 0; n < kills; n++) {
    const ended = await program.run({ folder, engine, steps, die: 1 + moments.int(110) });
    const [, moment] = /dying in (.+)/.exec(ended.stdout) ?? [];
    if (!ended.killed || moment === undefined) throw new Error(`was not killed: ${ended.stderr}`);
    deaths.push(moment);
  }
  const last = await program.run({ folder, engine, steps });
  if (last.killed) throw new Error(last.stderr);
  return { ...outcome(folder), deaths, said: last.stdout };
}

/** So many that no process comes to the end before the last kill. */
const stepsOf = (kills: number): number => 4 * kills + (kills > 10 ? 40 : 0);

/** The same run, never killed. */
export async function runOnce(program: Program, engine: string, kills = 10, threads = '') {
  const folder = program.folder();
  const { stderr } = await program.run(
    { folder, engine, steps: stepsOf(kills) },
    threads ? { GATEWISE_THREADS: threads } : {},
  );
  try {
    return outcome(folder);
  } catch {
    throw new Error(stderr);
  }
}

/** How many of the moments lie within the writing of a checkpoint. */
export const whileWriting = (deaths: readonly string[]): number =>
  deaths.filter((moment) => moment.startsWith('file')).length;
