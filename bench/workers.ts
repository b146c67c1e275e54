import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PeerGroup } from './peers/setup.js';
import type { Subject } from './subjects.js';
import { WorkerProcess } from './worker-process.js';

const READY_LIMIT = 120_000;

/** The processes of a run, started when first asked for and kept. */
export class Workers {
  /** Data and results of the case under way. */
  readonly folder = mkdtempSync(join(tmpdir(), 'gatewise-bench-'));
  readonly versions = new Map<string, string>();
  /** Why a subject cannot be measured; said once. */
  readonly missing = new Map<string, string>();
  readonly #live = new Map<string, WorkerProcess>();
  readonly #used = new WeakSet<WorkerProcess>();
  readonly #groups: ReadonlyMap<PeerGroup, string>;
  readonly #say: (line: string) => void;

  constructor(groups: ReadonlyMap<PeerGroup, string>, say: (line: string) => void) {
    this.#groups = groups;
    this.#say = say;
    process.once('exit', () => this.stop());
  }

  /** The subject's process; `fresh` when no case has run in it. Errors: `GW_BENCH_WORKER`. */
  async get(subject: Subject): Promise<{ worker: WorkerProcess; fresh: boolean }> {
    const worker = await this.#start(subject);
    const fresh = !this.#used.has(worker);
    this.#used.add(worker);
    return { worker, fresh };
  }

  /** One that has ended is started anew. */
  async #start({ name, command }: Subject): Promise<WorkerProcess> {
    const live = this.#live.get(name);
    if (live && !live.ended) return live;
    const worker = new WorkerProcess(command);
    this.#live.set(name, worker);
    const { version } = await worker.ask({ do: 'ready' }, READY_LIMIT);
    this.versions.set(name, version ?? '');
    return worker;
  }

  /** Starts it to see whether it is there; a missing one is said once and left out of everything. */
  async isThere(subject: Subject): Promise<boolean> {
    if (this.missing.has(subject.name)) return false;
    const group = subject.needs && this.#groups.get(subject.needs);
    if (group) return this.#leaveOut(subject, group);
    try {
      await this.#start(subject);
      return true;
    } catch (error) {
      return this.#leaveOut(subject, (error as Error).message);
    }
  }

  #leaveOut({ name }: Subject, why: string): false {
    this.#live.get(name)?.stop();
    this.missing.set(name, why);
    this.#say(`missing: ${name}: ${why}`);
    return false;
  }

  stop(): void {
    for (const worker of this.#live.values()) worker.stop();
    this.#live.clear();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
