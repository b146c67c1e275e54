import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { GatewiseError } from '@gatewise/core';

/** Answers begin with this: whatever else a library prints on stdout is passed over. */
export const MARK = '@bench ';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A process that measures: it answers one line of JSON with one line of JSON, and only works while it is asked. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  #waiting: { done(answer: Answer): void; fail(error: Error): void } | undefined;
  #said = '';
  #ended: string | undefined;

  constructor({ program, args, env }: Command) {
    this.#child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#child.stderr!.on('data', (chunk) => {
      this.#said = `${this.#said}${chunk}`.slice(-4000);
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      if (line.startsWith(MARK)) this.#settle(JSON.parse(line.slice(MARK.length)) as Answer);
    });
    this.#child.stdin!.on('error', () => {}); // it has ended: 'close' tells
    this.#child.once('error', (error) => this.#end(error.message));
    this.#child.once('close', (code, signal) => this.#end(`ended with ${signal ?? `exit code ${code}`}`));
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (answer.error === undefined) waiting?.done(answer);
    else waiting?.fail(new GatewiseError('GW_BENCH_WORKER', answer.error));
  }

  #end(how: string): void {
    const last = this.#said.trim().split('\n').slice(-4).join(' | ');
    this.#ended ??= last === '' ? how : `${how}; it said: ${last}`;
    this.#settle({ error: this.#ended });
  }

  /** Errors: `GW_BENCH_WORKER`, also where no answer comes in `limit` ms; the process is then ended. */
  ask(question: object, limit: number): Promise<Answer> {
    if (this.#ended !== undefined) {
      return Promise.reject(new GatewiseError('GW_BENCH_WORKER', this.#ended));
    }
    return new Promise((done, fail) => {
      const timer = setTimeout(() => {
        this.#end(`gave no answer in ${limit / 1000} s`);
        this.#child.kill('SIGKILL');
      }, limit);
      const settled = () => clearTimeout(timer);
      this.#waiting = {
        done: (answer) => {
          settled();
          done(answer);
        },
        fail: (error) => {
          settled();
          fail(error);
        },
      };
      this.#child.stdin!.write(`${JSON.stringify(question)}\n`);
    });
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  stop(): void {
    this.#ended ??= 'stopped';
    this.#child.stdin!.end();
    this.#child.kill('SIGKILL');
  }

  /** From here on `peakMiB` counts anew. Linux alone. */
  resetPeak(): void {
    try {
      writeFileSync(`/proc/${this.#child.pid}/clear_refs`, '5');
    } catch {
      // another system, or not allowed: peakMiB and residentMiB give nothing either, or the peak since the start
    }
  }

  /** Resident memory now, or the most since `resetPeak`, in MiB; undefined outside Linux. */
  memoryMiB(which: 'VmRSS' | 'VmHWM'): number | undefined {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
      const found = new RegExp(`^${which}:\\s+(\\d+) kB$`, 'm').exec(status);
      return found ? Number(found[1]) / 1024 : undefined;
    } catch {
      return undefined;
    }
  }
}

/** What a worker says; `error` instead of the rest where it could not. */
export interface Answer {
  readonly error?: string;
  /** `ready`: what runs, `torch 2.15.0`. */
  readonly version?: string;
  /** `run`: milliseconds of each. */
  readonly ms?: readonly number[];
  /** `observed`: milliseconds of a step, by turns. */
  readonly observed?: { readonly without: readonly number[]; readonly with: readonly number[] };
  /** `prepare`, of a subject that others cannot be compared with: its own check. */
  readonly maxAbsDiff?: number;
}
