import { availableParallelism, hostname } from 'node:os';
import { GatewiseError } from '@gatewise/core';
import { loadMpi, type Mpi } from './library.js';
import { Requests } from './requests.js';

/** MPI, begun; once in a process, since it can't be begun again. */
export interface World {
  readonly mpi: Mpi;
  readonly rank: number;
  readonly size: number;
  /** The first line of what the library says of itself. */
  readonly version: string;
  readonly requests: Requests;
  /** Host and process of each rank. */
  readonly peers: readonly Peer[];
}
interface Peer {
  readonly host: string;
  readonly pid: number;
}

type Env = Readonly<Record<string, string | undefined>>;

/** How many ranks the launcher has started, as its environment says; undefined where there is none: one process. */
export function launched(env: Env): number | undefined {
  const said = [env.OMPI_COMM_WORLD_SIZE, env.PMI_SIZE, env.PMIX_SIZE, env.SLURM_STEP_NUM_TASKS];
  const size = Number(said.find((text) => text !== undefined && text !== ''));
  if (Number.isInteger(size) && size > 0) return size;
  return env.PMIX_RANK === undefined ? undefined : 0;
}

let begun: Promise<World> | undefined;

/** Errors: `GW_MPI_LIBRARY`, `GW_MPI_LAUNCH` for a library that does not know the launcher, `GW_MPI_CALL`. */
export function world(expected: number): Promise<World> {
  begun ??= begin(expected);
  return begun;
}

async function begin(expected: number): Promise<World> {
  const mpi = await loadMpi(process.env.GATEWISE_MPI, process.env);
  check(mpi.call.MPI_Init(null, null), 'MPI_Init');
  const [rank, size] = [ask(mpi, 'MPI_Comm_rank'), ask(mpi, 'MPI_Comm_size')];
  if (expected > 0 && size !== expected) {
    throw new GatewiseError(
      'GW_MPI_LAUNCH',
      `got ${size} rank in ${mpi.name} where the launcher started ${expected}, wanted the launcher of the same MPI; ` +
        'use mpirun of this library (or srun --mpi=pmix), or name the other library in GATEWISE_MPI',
    );
  }
  const requests = new Requests(mpi, patienceOf(process.env));
  const peers = await meet(requests, rank, size);
  return { mpi, rank, size, version: versionOf(mpi), requests, peers };
}

/** Where there are more ranks than processors, those that wait must let the others run. */
function patienceOf(env: Env): 'spin' | 'sleep' {
  const here = Number(
    env.OMPI_COMM_WORLD_LOCAL_SIZE ?? env.MPI_LOCALNRANKS ?? env.SLURM_NTASKS_PER_NODE ?? 1,
  );
  return here > availableParallelism() ? 'sleep' : 'spin';
}

/** Errors: `GW_MPI_CALL`. */
function check(code: number, name: string): void {
  if (code === 0) return;
  throw new GatewiseError(
    'GW_MPI_CALL',
    `got error ${code} from ${name}, wanted 0; is the network between the ranks up?`,
  );
}

function ask(mpi: Mpi, name: 'MPI_Comm_rank' | 'MPI_Comm_size'): number {
  const answer = new Int32Array(32);
  check(mpi.call[name](mpi.world, mpi.address(answer)), name);
  return answer[0] as number;
}

function versionOf(mpi: Mpi): string {
  const text = new Uint8Array(8192 + 256);
  const length = new Int32Array(32);
  mpi.call.MPI_Get_library_version(mpi.address(text), mpi.address(length));
  const all = new TextDecoder().decode(text.subarray(0, length[0]));
  return (
    all
      .split(/[\n,\0]/)[0]
      ?.replace(/\s+/g, ' ')
      .trim() ?? mpi.name
  );
}

const NAME = 64;

/** Who is who: each writes its own line of a table, which is summed. */
async function meet(requests: Requests, rank: number, size: number): Promise<Peer[]> {
  const table = new Float64Array(size * (NAME + 1));
  const name = new TextEncoder().encode(hostname()).subarray(0, NAME);
  table[rank * (NAME + 1)] = process.pid;
  table.set(name, rank * (NAME + 1) + 1);
  await requests.allReduce(table, 'sum');
  return Array.from({ length: size }, (_, r) => {
    const line = table.subarray(r * (NAME + 1), (r + 1) * (NAME + 1));
    const host = new TextDecoder().decode(Uint8Array.from(line.subarray(1)).filter((byte) => byte > 0));
    return { host, pid: line[0] as number };
  });
}
