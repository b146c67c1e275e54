import { type Row, rowOf } from './rows.js';
import { quickstartSize } from './subjects/quickstart-size.js';
import { own, type Subject } from './subjects.js';
import { WorkerProcess } from './worker-process.js';

const STEPS = 40;
const LIMIT = 300_000;

const runs = [
  ['native', 'cpu'],
  ['wasm', 'cpu'],
  ['ops', 'node'],
] as const;

/** The quickstart, a fixed number of steps, each time in a new process, there and back; a row's time is that of a step. */
export async function measureQuickstart(
  engines: readonly string[],
  note: (subject: Subject, why: string) => void,
): Promise<Row[]> {
  const subjects = runs
    .filter(([engine]) => engines.includes(engine))
    .map(([engine, backend]) => own(engine, backend))
    .map((subject) => ({ ...subject, name: `quickstart, ${subject.name}` }));
  const ms = new Map<Subject, number[]>(subjects.map((subject) => [subject, []]));
  for (const subject of [...subjects, ...[...subjects].reverse()]) {
    const worker = new WorkerProcess(subject.command);
    try {
      ms.get(subject)!.push(...(await worker.ask({ do: 'quickstart', steps: STEPS }, LIMIT)).ms!);
    } catch (error) {
      note(subject, (error as Error).message);
    } finally {
      worker.stop();
    }
  }
  const { batch: B, time: T, units: H, symbols: I } = quickstartSize;
  return subjects
    .filter((subject) => ms.get(subject)!.length > 0)
    .map((subject) =>
      rowOf(subject, { cell: 'lstm', size: 'S', measure: 'training-step', B, T, I, H }, ms.get(subject)!, 0),
    );
}

/** Characters per second of a row. */
export const charactersPerSecond = ({ B, T, medianMs }: Row) => (1000 * B * T) / medianMs;
export const isQuickstart = ({ name }: Row) => name.startsWith('quickstart');
