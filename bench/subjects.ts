import { fileURLToPath } from 'node:url';
import type { Case, CellName, Measure } from './cases.js';
import { python } from './peers/places.js';
import type { PeerGroup } from './peers/setup.js';
import type { Command } from './worker-process.js';

/** Something that is measured, in a process of its own. */
export interface Subject {
  readonly name: string;
  readonly peer: string;
  readonly backend: string;
  readonly engine: string;
  /** What has to be set up for it. */
  readonly needs?: PeerGroup;
  readonly command: Command;
  /** True, or why it is left out. */
  runs(one: Case): true | string;
}

/** Both sides use as many. */
const THREADS = '2';
const environment = {
  ...{ GATEWISE_THREADS: THREADS, OMP_NUM_THREADS: THREADS, OPENBLAS_NUM_THREADS: THREADS },
  ...{ MKL_NUM_THREADS: THREADS, TF_NUM_INTRAOP_THREADS: THREADS, TF_NUM_INTEROP_THREADS: THREADS },
  TF_CPP_MIN_LOG_LEVEL: '2',
  // unset together: they would choose a kernel that may not be the machine's best
  ...{ OPENBLAS_CORETYPE: undefined, OPENBLAS_L2_SIZE: undefined },
};

const worker = fileURLToPath(new URL('subjects/worker.ts', import.meta.url));

const inNode = (...args: string[]): Command => ({
  program: process.execPath,
  args: ['-C', 'gatewise-source', '--import', 'tsx', worker, ...args],
  env: environment,
});
const inPython = (name: string): Command => ({
  program: python.program,
  args: [`${python.scripts}/worker.py`, name],
  env: environment,
});

const minutes = 'it takes minutes at this size';
const notLarge = ({ size }: Case) => (size === 'L' ? minutes : true);

/** Where a cell from outside is measured, and what it is compared with. */
const thirdParty = (engine: string, backend: string) => backend === (engine === 'ops' ? 'wasm' : 'cpu');

/** The op through tf.js. */
export function own(engine: string, backend: string): Subject {
  return {
    ...{ name: `${engine} on ${backend}`, peer: 'gatewise', backend, engine },
    command: inNode('op', backend, engine),
    runs(one) {
      if (one.cell === 'lstm-peephole' && !thirdParty(engine, backend))
        return 'the engines themselves show it';
      return engine === 'ops' && backend === 'cpu' ? notLarge(one) : true;
    },
  };
}

function layers(backend: string): Subject {
  return {
    ...{ name: `tf.layers on ${backend}`, peer: 'tf.layers', backend, engine: 'none' },
    command: inNode('tf.layers', backend, 'none'),
    runs(one) {
      if (one.cell === 'gru-reset-after') return 'tf.layers has no GRU with the reset after the product';
      const known = knownCell(one);
      return known === true && backend !== 'node' ? notLarge(one) : known;
    },
  };
}

const knownCell = ({ cell }: Case) => (cell === 'lstm-peephole' ? 'no such cell there' : true);

function peer(name: string, needs: PeerGroup, command: Command, limits: Limits = {}): Subject {
  return {
    ...{ name, peer: name, backend: 'none', engine: 'none', needs, command },
    runs(one) {
      const known = knownCell(one);
      if (known !== true) return known;
      const fits =
        (limits.measures?.includes(one.measure) ?? true) &&
        (limits.cells?.includes(one.cell) ?? true) &&
        (limits.sizes?.includes(one.size) ?? true);
      return fits ? true : (limits.why ?? 'it cannot');
    },
  };
}
interface Limits {
  readonly measures?: readonly Measure[];
  readonly cells?: readonly CellName[];
  readonly sizes?: readonly string[];
  readonly why?: string;
}

const arrays: Subject = {
  ...{ name: 'native', peer: 'gatewise', backend: 'none', engine: 'native' },
  command: inNode('arrays', 'none', 'native'),
  runs: ({ measure }) => (measure === 'training-step' ? 'it is the recurrence alone' : true),
};

/** Everything that can be measured, ours first. */
export const subjects: readonly Subject[] = [
  arrays,
  ...[own('native', 'cpu'), own('native', 'node'), own('native', 'wasm')],
  ...[own('wasm', 'cpu'), own('wasm', 'wasm'), own('wasm', 'node')],
  ...[own('ops', 'cpu'), own('ops', 'wasm'), own('ops', 'node')],
  ...[layers('cpu'), layers('wasm'), layers('node')],
  peer('torch', 'torch', inPython('torch')),
  peer('keras', 'tensorflow', inPython('keras')),
  peer('onnxruntime', 'python', inPython('onnxruntime'), {
    ...{ measures: ['forward', 'streaming'], why: 'it does not train' },
  }),
  peer('onnxruntime-node', 'npm', inNode('onnxruntime-node'), {
    ...{ measures: ['streaming'], why: 'as onnxruntime, but for streaming' },
  }),
  peer('brain.js', 'npm', inNode('brain.js'), {
    ...{ measures: ['forward'], cells: ['lstm'], sizes: ['one'], why: 'it runs one sequence at a time' },
  }),
  peer('packed_lstm', 'python', inPython('packed'), {
    ...{ measures: ['forward', 'gradients'], cells: ['lstm'], sizes: ['S', 'L'] },
    why: 'the prototype is an LSTM at even sizes',
  }),
];

/** Their product of 1024 × 1024 matrices is the machine's peak; in processes of their own, which do nothing else. */
export const blas: readonly Subject[] = [
  peer('numpy', 'python', inPython('numpy')),
  peer('torch', 'torch', inPython('torch')),
  peer('keras', 'tensorflow', inPython('keras')),
  own('ops', 'node'),
].map((subject) => ({ ...subject, name: `GEMM by ${subject.name}` }));

export const peerNames: readonly string[] = [
  ...new Set(subjects.filter(({ peer }) => peer !== 'gatewise').map(({ peer }) => peer)),
];
