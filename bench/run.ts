import type { Options } from './args.js';
import { type Case, casesOf } from './cases.js';
import { Gemm } from './gemm.js';
import { busyWarning, describeMachine, type Machine } from './machine.js';
import { measureCase, type Settings } from './measure.js';
import { measureObserved } from './observed.js';
import { type PeerGroup, setupPeers } from './peers/setup.js';
import { measureQuickstart } from './quickstart.js';
import type { Row } from './rows.js';
import { blas, type Subject, subjects } from './subjects.js';
import { caseTable, placeOf } from './table.js';
import { gflopsAtBest, peakOf, type Target, targetsOf } from './targets.js';
import { Workers } from './workers.js';

type Say = (line: string) => void;

interface Run {
  readonly machine: Machine;
  readonly versions: ReadonlyMap<string, string>;
  readonly rows: readonly Row[];
  readonly targets: readonly Target[];
  readonly missing: ReadonlyMap<string, string>;
}

const full = { turnMs: 60, budgetMs: 1200, restMs: 25 };
const quick = { turnMs: 1, budgetMs: 200, restMs: 0 };

/** Sets up what is asked for, measures case after case, says each as it is done. */
export async function runAll(options: Options, say: Say): Promise<Run> {
  const chosen = subjects.filter(({ peer, engine }) =>
    peer === 'gatewise' ? options.engines.includes(engine) : options.peers.includes(peer),
  );
  const workers = new Workers(await setUp(chosen, say), say);
  const machine = describeMachine();
  const busy = busyWarning(machine);
  if (busy !== undefined) say(busy);
  const settings: Settings = { ...(options.quick ? quick : full), rounds: options.rounds };
  const note = (subject: Subject, why: string) => say(`  left out: ${subject.name}: ${why}`);
  const rows: Row[] = [];
  const gemm = new Gemm();
  try {
    let size = '';
    for (const one of casesOf(options)) {
      // at each size anew: the machine's peak, too, varies over the minutes
      if (one.size !== size && !options.quick) await gemm.measure(products(options), workers, 15);
      size = one.size;
      const best = peakOf(gemm.rows());
      rows.push(
        ...(await sayCase(one, chosen, workers, settings, { say, note, peak: best && gflopsAtBest(best) })),
      );
    }
  } finally {
    workers.stop();
  }
  if (wantsQuickstart(options)) {
    rows.push(...(await measureQuickstart(options.engines, note)));
    rows.push(...(await measureObserved(options.engines, note)));
  }
  const all = [...rows, ...gemm.rows()];
  const { versions, missing } = workers;
  return { machine, versions, rows: all, targets: targetsOf(all), missing };
}

async function setUp(chosen: readonly Subject[], say: Say): Promise<Map<PeerGroup, string>> {
  const groups = new Set(chosen.flatMap(({ needs }) => (needs ? [needs] : [])));
  // the model files of onnxruntime-node are made in Python
  if (groups.size > 0) groups.add('python');
  return setupPeers([...groups], (line) => say(`peers: ${line}`));
}

const products = ({ peers }: Options) =>
  blas.filter(
    ({ peer }) => peer === 'gatewise' || peers.includes(peer) || (peer === 'numpy' && peers.length > 0),
  );

const wantsQuickstart = ({ quick: isQuick, measures, cells, sizes }: Options) =>
  !isQuick && measures.includes('training-step') && cells.includes('lstm') && sizes.includes('S');

interface Telling {
  readonly say: Say;
  readonly note: (subject: Subject, why: string) => void;
  readonly peak: number | undefined;
}

async function sayCase(
  one: Case,
  chosen: readonly Subject[],
  workers: Workers,
  settings: Settings,
  { say, note, peak }: Telling,
): Promise<Row[]> {
  const able = chosen.filter((subject) => subject.runs(one) === true);
  const there: Subject[] = [];
  for (const subject of able) if (await workers.isThere(subject)) there.push(subject);
  const rows = await measureCase(one, there, workers, settings, note);
  if (rows.length > 0) say(`\n${placeOf(rows[0]!)}\n${caseTable(rows, peak)}`);
  return rows;
}
