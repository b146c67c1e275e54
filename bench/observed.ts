import { type Row, rowOf } from './rows.js';
import { quickstartSize } from './subjects/quickstart-size.js';
import { own, type Subject } from './subjects.js';
import { observedNames } from './targets.js';
import { WorkerProcess } from './worker-process.js';

/** Enough that what is written once a run weighs as little as it does in a run of minutes. */
const STEPS = 600;
const ROUNDS = 6;
const LIMIT = 600_000;

/** The quickstart's step with every observing plugin on and with none, by turns in one process; the best engine asked for. */
export async function measureObserved(
  engines: readonly string[],
  note: (subject: Subject, why: string) => void,
  { steps = STEPS, rounds = ROUNDS } = {},
): Promise<Row[]> {
  const engine = ['native', 'wasm', 'ops'].find((name) => engines.includes(name)) ?? 'ops';
  const subject = own(engine, 'cpu');
  const worker = new WorkerProcess(subject.command);
  const { batch: B, time: T, units: H, symbols: I } = quickstartSize;
  const one = { cell: 'lstm', size: 'S', measure: 'training-step', B, T, I, H } as const;
  try {
    const { observed } = await worker.ask({ do: 'observed', steps, rounds }, LIMIT);
    return (['without', 'with'] as const).map((how) =>
      rowOf({ ...subject, name: observedNames[how] }, one, observed![how], 0),
    );
  } catch (error) {
    note({ ...subject, name: 'quickstart, observed' }, (error as Error).message);
    return [];
  } finally {
    worker.stop();
  }
}
