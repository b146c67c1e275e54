import { spawn } from 'node:child_process';
import { type BackendInfo, type ConcreteBackend, useBackend } from '@gatewise/backends';
import { GatewiseError } from '@gatewise/core';

/** What came of starting a backend. */
export type Probe = { readonly info: BackendInfo } | { readonly error: string };

/** Where a probe's answer begins on stdout: libraries may say something before it. */
const mark = 'gatewise-probe:';
const limit = 60_000; // ms

/** Starts a backend in this process and says what came of it. */
export async function answerProbe(name: ConcreteBackend): Promise<void> {
  const answer: Probe = await useBackend(name).then(
    (info) => ({ info }),
    (error: Error) => ({ error: error.message }),
  );
  process.stdout.write(`${mark}${JSON.stringify(answer)}\n`);
  process.exit(0); // a driver's threads may not end by themselves
}

/** Starts a backend in a process of its own, which a broken driver may take down. */
export function probe(name: ConcreteBackend): Promise<Probe> {
  const program = process.argv[1] as string;
  const child = spawn(process.execPath, [...process.execArgv, program, 'doctor', '--probe', name], {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: limit,
  });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  return new Promise((done) => {
    child.once('error', ({ message }) => done({ error: message }));
    child.once('close', (code, signal) => done(readAnswer(said, code, signal)));
  });
}

/** An answer, or how the process ended without one. */
export function readAnswer(said: string, code: number | null, signal: string | null): Probe {
  const at = said.indexOf(mark);
  if (at >= 0) return JSON.parse(said.slice(at + mark.length)) as Probe;
  const how = signal === null ? `exit code ${code}` : signal;
  const { message } = new GatewiseError(
    'GW_DOCTOR_CRASH',
    `got a process that ended with ${how} while the backend started, wanted an answer; likely fix: another build of it for this processor`,
  );
  return { error: message };
}
