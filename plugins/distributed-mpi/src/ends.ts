import type { World } from './world.js';

/** Messages of ranks that still answer. */
const HERE = 4711;
/** How long the others have to answer, ms. */
const GRACE = 2000;

/** How the ranks of a job end: together, in order or not, and with a word on why. */
export class Ends {
  readonly #world: World;
  #saved: string | undefined;
  #over = false;
  /** Since when the others are asked to answer. */
  #askedAt: number | undefined;
  readonly #held: unknown[] = [];

  constructor(world: World) {
    this.#world = world;
    process.once('SIGTERM', () => this.#terminated());
    process.once('exit', (code) => this.#exit(code));
  }

  savedAs(where: string): void {
    this.#saved = where;
  }

  /** Ends every rank. */
  abort(reason: string): void {
    const { rank, size } = this.#world;
    this.#end('GW_MPI_RANK', `rank ${rank} of ${size} failed: ${reason}`, 1);
  }

  /** For a rank that has waited too long: asks who is there, and names who is not. */
  timedOut(ms: number, timeout: number): void {
    if (this.#over || ms < timeout) return;
    this.#askedAt ??= this.#ask();
    if (performance.now() - this.#askedAt < GRACE) return;
    const { rank, size, peers } = this.#world;
    const missing = this.#missing().map((r) => `rank ${r} (process ${peers[r]?.pid} on ${peers[r]?.host})`);
    const who = missing.join(', ') || 'nobody: all answer, and each waits for another call';
    this.#end(
      'GW_MPI_TIMEOUT',
      `rank ${rank} of ${size} waited ${(ms / 1000).toFixed(1)} s, more than the ${timeout / 1000} s of options.timeout; without an answer: ${who}`,
      1,
    );
  }

  /** Tells every other rank that this one is there. */
  #ask(): number {
    const { mpi, rank, size } = this.#world;
    for (let r = 0; r < size; r++) {
      if (r === rank) continue;
      const [note, request] = [new Uint8Array(64), new BigUint64Array(8)];
      this.#held.push(note, request);
      mpi.call.MPI_Isend(mpi.address(note), 1, mpi.types.byte, r, HERE, mpi.world, mpi.address(request));
    }
    return performance.now();
  }

  #missing(): number[] {
    const { mpi, rank, size } = this.#world;
    const flag = new Int32Array(16);
    return Array.from({ length: size }, (_, r) => r).filter((r) => {
      if (r === rank) return false;
      mpi.call.MPI_Iprobe(r, HERE, mpi.world, mpi.address(flag), mpi.ignoreStatus);
      return flag[0] === 0;
    });
  }

  /** The launcher ends a job so when a rank has died, or when its time is over. */
  #terminated(): void {
    const { rank, size, peers } = this.#world;
    const host = peers[rank]?.host;
    const dead = peers.flatMap((peer, r) => (peer.host === host && !isAlive(peer.pid) ? [r] : []));
    const what =
      dead.length > 0
        ? `rank ${dead.join(', ')} of ${size} died (process ${dead.map((r) => peers[r]?.pid).join(', ')} on ${host})`
        : `the launcher ends the job; every rank on ${host} was alive`;
    this.#end(dead.length > 0 ? 'GW_MPI_RANK' : 'GW_MPI_TERMINATED', what, 143);
  }

  #end(code: string, what: string, status: number): void {
    if (this.#over) return;
    this.#over = true;
    const next =
      this.#saved === undefined ? 'nothing was saved yet' : `go on from ${this.#saved} (resume: true)`;
    process.stderr.write(`${code}: ${what}; ${next}\n`);
    if (status === 143) process.exit(status);
    this.#world.mpi.call.MPI_Abort(this.#world.mpi.world, status);
    process.exit(status);
  }

  /** MPI wants to be ended by every rank; one that failed must not wait for the others. */
  #exit(code: number): void {
    if (this.#over) return;
    this.#over = true;
    const { mpi } = this.#world;
    if (code === 0) mpi.call.MPI_Finalize();
    else mpi.call.MPI_Abort(mpi.world, code);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
