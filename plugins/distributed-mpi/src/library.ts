import { GatewiseError } from '@gatewise/core';
import type { LibraryHandle } from 'koffi';

/** An address, or a handle that is a number. */
type Handle = bigint | number;

/** The functions of MPI that are called, and the values that the two implementations name differently. */
export interface Mpi {
  readonly name: 'Open MPI' | 'MPICH';
  readonly world: Handle;
  readonly types: {
    readonly float: Handle;
    readonly double: Handle;
    readonly int: Handle;
    readonly byte: Handle;
  };
  readonly ops: { readonly sum: Handle; readonly min: Handle; readonly max: Handle };
  /** MPI_IN_PLACE: the receive buffer is the send buffer too. */
  readonly inPlace: bigint;
  readonly ignoreStatus: bigint;
  /** Each gives MPI's error code, 0 where all is well. */
  readonly call: { readonly [K in keyof typeof signatures]: (...args: unknown[]) => number };
  /** Where the values of an array lie: as long as the array lives. */
  address(values: ArrayBufferView): bigint;
}

const signatures = {
  MPI_Initialized: ['void *'],
  MPI_Init: ['void *', 'void *'],
  MPI_Finalize: [],
  MPI_Comm_rank: ['intptr_t', 'void *'],
  MPI_Comm_size: ['intptr_t', 'void *'],
  MPI_Get_library_version: ['void *', 'void *'],
  MPI_Iallreduce: ['intptr_t', 'void *', 'int', 'intptr_t', 'intptr_t', 'intptr_t', 'void *'],
  MPI_Ibcast: ['void *', 'int', 'intptr_t', 'int', 'intptr_t', 'void *'],
  MPI_Ibarrier: ['intptr_t', 'void *'],
  MPI_Test: ['void *', 'void *', 'intptr_t'],
  MPI_Isend: ['void *', 'int', 'intptr_t', 'int', 'int', 'intptr_t', 'void *'],
  MPI_Iprobe: ['int', 'int', 'intptr_t', 'void *', 'intptr_t'],
  MPI_Abort: ['intptr_t', 'int'],
} as const;

/** Handles are numbers in MPICH and all that has its binary interface, the same in every version. */
const mpich = {
  world: 0x44000000,
  types: { float: 0x4c00040a, double: 0x4c00080b, int: 0x4c000405, byte: 0x4c00010d },
  ops: { sum: 0x58000003, min: 0x58000002, max: 0x58000001 },
  inPlace: -1n,
  ignoreStatus: 1n,
};

const openMpi = (symbol: (name: string) => bigint) => ({
  world: symbol('ompi_mpi_comm_world'),
  types: {
    float: symbol('ompi_mpi_float'),
    double: symbol('ompi_mpi_double'),
    int: symbol('ompi_mpi_int'),
    byte: symbol('ompi_mpi_byte'),
  },
  ops: { sum: symbol('ompi_mpi_op_sum'), min: symbol('ompi_mpi_op_min'), max: symbol('ompi_mpi_op_max') },
  inPlace: 1n,
  ignoreStatus: 0n,
});

const files = {
  'Open MPI': ['libmpi.so.40', 'libmpi.so.80', 'libmpi.40.dylib', '/opt/homebrew/lib/libmpi.40.dylib'],
  MPICH: ['libmpich.so.12', 'libmpi.so.12', 'libmpi.12.dylib', '/opt/homebrew/opt/mpich/lib/libmpi.12.dylib'],
};
const any = ['libmpi.so', 'libmpi.dylib'];

/** Files to try, those of the launcher's implementation first; `named` alone where it is given. */
export function candidates(
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  if (named !== undefined && named !== '') return [named];
  const [a, b] =
    env.OMPI_COMM_WORLD_SIZE === undefined && env.PMI_SIZE !== undefined
      ? (['MPICH', 'Open MPI'] as const)
      : (['Open MPI', 'MPICH'] as const);
  return [...files[a], ...files[b], ...any];
}

/** Errors: `GW_MPI_LIBRARY` where none loads, with the package that brings one. */
export async function loadMpi(
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Mpi> {
  const { default: koffi } = await import('koffi');
  const said: string[] = [];
  for (const file of candidates(named, env)) {
    try {
      // global: the library loads parts of itself, which look its symbols up
      return bind(koffi.load(file, { global: true }), koffi.address);
    } catch (error) {
      said.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new GatewiseError(
    'GW_MPI_LIBRARY',
    `got none of ${candidates(named, env).join(', ')}, wanted the library of Open MPI or MPICH; install one ` +
      '(Debian and Ubuntu: apt-get install openmpi-bin; macOS: brew install open-mpi), or name its file in GATEWISE_MPI. ' +
      `The loader said: ${said[0]}`,
  );
}

function bind(library: LibraryHandle, address: (values: ArrayBufferView) => bigint): Mpi {
  const call = Object.fromEntries(
    Object.entries(signatures).map(([name, args]) => [name, library.func(name, 'int', [...args])]),
  ) as unknown as Mpi['call'];
  const symbol = (name: string): bigint => library.symbol(name) as bigint;
  const isOpen = hasSymbol(symbol, 'ompi_mpi_comm_world');
  return { name: isOpen ? 'Open MPI' : 'MPICH', ...(isOpen ? openMpi(symbol) : mpich), call, address };
}

function hasSymbol(symbol: (name: string) => bigint, name: string): boolean {
  try {
    return Boolean(symbol(name));
  } catch {
    return false;
  }
}
