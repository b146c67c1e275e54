import type { Mpi } from './library.js';

type Values = Float32Array | Float64Array | Int32Array | Uint8Array;

interface Pending {
  /** MPI's handle of the request: an address or a number. */
  readonly request: BigUint64Array;
  /** Kept: MPI reads and writes it until the request is over. */
  readonly values: Values;
  resolve(): void;
  readonly began: number;
}

/** How long one turn looks before others may run, ms. */
const SPIN = 0.2;
/** After so long another rank is still computing: what else runs here may have the processor in between, ms. */
const LONG = 1;
const NAP = 0.05;
/** Below 64 bytes V8 keeps an array's values in its heap, where they move. */
const SMALL = 64;

/** Operations that are under way. MPI moves them on only while it is asked about them: so it is, as long as there are any. */
export class Requests {
  readonly #mpi: Mpi;
  readonly #patience: 'spin' | 'sleep';
  readonly #pending: Pending[] = [];
  readonly #flag = new Int32Array(SMALL);
  readonly #nap = new Int32Array(new SharedArrayBuffer(4));
  /** Called with the milliseconds that the oldest has waited. */
  onWait: ((ms: number) => void) | undefined;
  #running = false;
  /** Bytes that were reduced, and milliseconds in which a reduction was under way. */
  readonly spent = { bytes: 0, ms: 0, calls: 0 };

  constructor(mpi: Mpi, patience: 'spin' | 'sleep') {
    this.#mpi = mpi;
    this.#patience = patience;
  }

  async allReduce(values: Float32Array | Float64Array, how: 'sum' | 'min' | 'max'): Promise<void> {
    const { types, ops, world, inPlace, call, address } = this.#mpi;
    const type = values instanceof Float32Array ? types.float : types.double;
    this.spent.bytes += values.byteLength;
    this.spent.calls++;
    await this.#run(values, (held, request) =>
      call.MPI_Iallreduce(inPlace, address(held), held.length, type, ops[how], world, address(request)),
    );
  }

  async broadcast(values: Values, root: number): Promise<void> {
    const { types, world, call, address } = this.#mpi;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    await this.#run(bytes, (held, request) =>
      call.MPI_Ibcast(address(held), held.length, types.byte, root, world, address(request)),
    );
  }

  async barrier(): Promise<void> {
    const { world, call, address } = this.#mpi;
    await this.#run(new Uint8Array(SMALL), (_, request) => call.MPI_Ibarrier(world, address(request)));
  }

  /** Begins an operation on values that stay where they are. */
  async #run(values: Values, start: (held: Values, request: BigUint64Array) => number): Promise<void> {
    const held = values.byteLength < SMALL ? widened(values) : values;
    const request = new BigUint64Array(SMALL / 8);
    const code = start(held, request);
    if (code !== 0) throw new Error(`MPI gave error ${code}`);
    const over = new Promise<void>((resolve) => {
      this.#pending.push({ request, values: held, resolve, began: performance.now() });
    });
    this.#poll();
    await over;
    if (held !== values) values.set(held);
  }

  /** Asks about all that is under way, and goes on doing so. */
  #poll(): void {
    this.#test();
    if (this.#running || this.#pending.length === 0) return;
    this.#running = true;
    const began = performance.now();
    const turn = () => {
      const until = performance.now() + SPIN;
      do this.#test();
      while (this.#pending.length > 0 && this.#patience === 'spin' && performance.now() < until);
      if (this.#pending.length === 0) {
        this.#running = false;
        this.spent.ms += performance.now() - began;
        return;
      }
      const waited = performance.now() - (this.#pending[0] as Pending).began;
      this.onWait?.(waited);
      if (waited > LONG || this.#patience === 'sleep') Atomics.wait(this.#nap, 0, 0, NAP);
      setImmediate(turn);
    };
    // microtasks first: whoever packs the next bucket begins it now
    setImmediate(turn);
  }

  #test(): void {
    const { call, address, ignoreStatus } = this.#mpi;
    for (let i = 0; i < this.#pending.length; ) {
      const one = this.#pending[i] as Pending;
      call.MPI_Test(address(one.request), address(this.#flag), ignoreStatus);
      if (this.#flag[0] === 0) i++;
      else {
        this.#pending.splice(i, 1);
        one.resolve();
      }
    }
  }
}

/** The same values in an array that does not move; a view of it of the same length. */
function widened(values: Values): Values {
  const held = new (values.constructor as new (buffer: ArrayBuffer, at: number, length: number) => Values)(
    new ArrayBuffer(SMALL),
    0,
    values.length,
  );
  held.set(values);
  return held;
}
