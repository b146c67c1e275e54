import { GatewiseError } from '@gatewise/core';
import {
  definePlugin,
  type Logger,
  type Plugin,
  type PluginModule,
  type SharedWork,
  Tokens,
} from '@gatewise/plugin';
import { ContainerModule } from 'inversify';
import { type Connected, connect } from './communicator.js';

export interface DistributedMpiOptions {
  /** Seconds that a rank waits for another before the job is ended. Longer than a validation, or a step, takes. Default 120. */
  readonly timeout?: number | undefined;
  /** Bytes of gradients in one message: one travels while the next is packed. Default 1 MiB. */
  readonly bucketBytes?: number | undefined;
  /** Steps between two reductions. Default 1: gradients, each step. With k, weights and slots are averaged after every k-th. */
  readonly localSteps?: number | undefined;
  /**
   * What batches are. `global`, the default: those of one process, of which each rank takes its rows. `own`: what is this rank's
   * alone, as many batches of as many rows as the others have.
   */
  readonly data?: 'global' | 'own' | undefined;
}
interface Checked {
  readonly timeout: number;
  readonly work: SharedWork;
}

/** Errors: `GW_MPI_OPTIONS`. */
function checked(options: DistributedMpiOptions): Checked {
  const { timeout = 120, bucketBytes = 1 << 20, localSteps = 1, data = 'global' } = options;
  const refuse = (what: string) => new GatewiseError('GW_MPI_OPTIONS', what);
  if (!(timeout > 0)) throw refuse(`got timeout ${timeout}, wanted seconds above 0, such as 120`);
  if (!Number.isInteger(bucketBytes) || bucketBytes < 4)
    throw refuse(`got bucketBytes ${bucketBytes}, wanted a whole number, 4 or more`);
  if (!Number.isInteger(localSteps) || localSteps < 1)
    throw refuse(`got localSteps ${localSteps}, wanted a whole number of steps, 1 or more`);
  if (data !== 'global' && data !== 'own') throw refuse(`got data "${data}", wanted "global" or "own"`);
  return { timeout: timeout * 1000, work: { bucketBytes, localSteps, data } };
}

/** The hooks of one run: what it runs on, and what the ranks have told one another. */
export function distributedHooks(connected: () => Connected | undefined, logger: Logger) {
  let before = { bytes: 0, ms: 0, calls: 0 };
  return {
    onTrainBegin() {
      const { communicator, traffic } = connected() ?? {};
      if (!communicator || !traffic) return;
      const { size } = communicator;
      before = { ...traffic.spent };
      const hosts = traffic.hosts === 1 ? 'one host' : `${traffic.hosts} hosts`;
      logger.info(`${size} ${size === 1 ? 'rank' : 'ranks'} on ${hosts}, ${traffic.version}`);
    },
    onTrainEnd() {
      const { traffic } = connected() ?? {};
      if (!traffic) return;
      const { bytes, ms, calls } = traffic.spent;
      const [kB, s] = [(bytes - before.bytes) / 1e3, (ms - before.ms) / 1e3];
      const size = kB < 1e4 ? `${kB.toFixed(1)} kB` : `${(kB / 1e3).toFixed(1)} MB`;
      logger.info(
        `between ranks: ${size} in ${calls - before.calls} reductions, ${s.toFixed(2)} s with waiting`,
      );
    },
  } satisfies Omit<Plugin, 'name'>;
}

const plugin = definePlugin(
  'distributed-mpi',
  (connected: () => Connected | undefined, logger: Logger) => distributedHooks(connected, logger),
  [Tokens.Logger],
);

/**
 * The ranks of `mpirun`, `srun` or an MPI job train one model: N ranks with B/N rows each do what one process does with B. Weights and
 * seed are those of rank 0; gradients are reduced before they are clipped, metrics and decisions are shared, rank 0 alone writes.
 * Started without a launcher it is one process, and needs no MPI. For Node.
 * Errors: `GW_MPI_…` of the library and the launcher, `GW_RANKS_…` of ranks that are not alike.
 *
 * @example
 * // mpirun -np 2 node train.js
 * await train(model, batches, { optimizer, epochs: 3, plugins: [distributedMpi(), clipByGlobalNorm({ maxNorm: 1 })] });
 */
export function distributedMpi(options: DistributedMpiOptions = {}): PluginModule {
  const { work, timeout } = checked(options);
  let connected: Connected | undefined;
  const hooks = plugin(() => connected);
  const communicator = async () => {
    connected = await connect(work, timeout);
    return connected.communicator;
  };
  return new ContainerModule((load) => {
    load.bind(Tokens.Communicator).toDynamicValue(communicator).inSingletonScope();
    void hooks.load(load);
  });
}
