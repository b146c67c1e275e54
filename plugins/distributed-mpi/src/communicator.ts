import { createRequire } from 'node:module';
import { type Communicator, oneProcess, type SharedWork } from '@gatewise/plugin';
import { Ends } from './ends.js';
import type { Requests } from './requests.js';
import { launched, type World, world } from './world.js';

/** What the ranks have told one another, and how long it took. */
interface Traffic {
  readonly version: string;
  readonly hosts: number;
  readonly spent: Requests['spent'];
}
export interface Connected {
  readonly communicator: Communicator;
  /** Absent where there is one process. */
  readonly traffic?: Traffic;
}

let ends: Ends | undefined;

/** All ranks of this job; one process where no launcher started it. `timeout` in ms. Errors: those of `world`. */
export async function connect(work: SharedWork, timeout: number): Promise<Connected> {
  const size = launched(process.env);
  if (size === undefined) return { communicator: { ...oneProcess, work } };
  const all = await world(size);
  ends ??= new Ends(all);
  const end = ends;
  const { requests } = all;
  requests.onWait = (ms) => end.timedOut(ms, timeout);
  return {
    communicator: {
      rank: all.rank,
      size: all.size,
      work,
      identity: { gatewise: ownVersion(), mpi: all.version },
      allReduce: (values, how = 'sum') => requests.allReduce(values, how),
      broadcast: (values, root = 0) => requests.broadcast(values, root),
      barrier: () => requests.barrier(),
      abort: (reason) => end.abort(reason),
      savedAs: (where) => end.savedAs(where),
    },
    traffic: trafficOf(all),
  };
}

const trafficOf = ({ version, peers, requests }: World): Traffic => ({
  version,
  hosts: new Set(peers.map(({ host }) => host)).size,
  spent: requests.spent,
});

const ownVersion = (): string =>
  (createRequire(import.meta.url)('../package.json') as { version: string }).version;
