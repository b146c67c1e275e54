import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from './cases.js';
import { writeData } from './data.js';
import { median, type Row, rowOf } from './rows.js';
import type { Subject } from './subjects.js';
import type { Answer, WorkerProcess } from './worker-process.js';
import type { Workers } from './workers.js';

export interface Settings {
  readonly rounds: number;
  /** Milliseconds that a subject works in a round. */
  readonly turnMs: number;
  /** Milliseconds that it works on a case altogether; the slow ones stay out of later rounds. */
  readonly budgetMs: number;
  /** Before each turn: threads of the one before spin for a while. */
  readonly restMs: number;
}

const PREPARE_LIMIT = 180_000;
const RUN_LIMIT = 180_000;
/** Milliseconds of a run from which on every run counts. */
const SLOW = 200;
/** Runs of what is slow: a median that one disturbed run cannot move. */
const LEAST = 3;

/** A subject in a case. */
interface Turn {
  readonly subject: Subject;
  readonly worker: WorkerProcess;
  readonly maxAbsDiff: number;
  readonly residentMiB: number | undefined;
  readonly fresh: boolean;
  readonly ms: number[];
  /** Milliseconds spent, and of one run. */
  spent: number;
  each: number;
}

export type Note = (subject: Subject, why: string) => void;

/** Prepares every subject, compares their results, then lets them take turns. */
export async function measureCase(
  one: Case,
  subjects: readonly Subject[],
  workers: Workers,
  settings: Settings,
  note: Note,
): Promise<Row[]> {
  const turns = await prepareAll(one, subjects, workers, note);
  const ready = await warmUp(turns, settings, note);
  await takeTurns(ready, settings, note);
  return ready
    .filter(({ ms }) => ms.length > 0)
    .map(({ subject, ms, maxAbsDiff, worker, residentMiB, fresh }) => {
      const peak = fresh && residentMiB !== undefined ? worker.memoryMiB('VmHWM') : undefined;
      return rowOf(subject, one, ms, maxAbsDiff, peak === undefined ? undefined : peak - residentMiB!);
    });
}

async function prepareAll(
  one: Case,
  subjects: readonly Subject[],
  workers: Workers,
  note: Note,
): Promise<Turn[]> {
  const file = (name: string) => join(workers.folder, name);
  const places = writeData(one, file('data.f32'));
  const done: Ready[] = [];
  for (const subject of subjects) {
    try {
      const { worker, fresh } = await workers.get(subject);
      worker.resetPeak();
      const residentMiB = worker.memoryMiB('VmRSS');
      const question = { do: 'prepare', one, places, data: file('data.f32'), result: file('result.f32') };
      const answer = await worker.ask(question, PREPARE_LIMIT);
      const result = typeof answer.maxAbsDiff === 'number' ? null : readFloats(file('result.f32'));
      const turn = { subject, worker, residentMiB, fresh, ms: [], spent: 0, each: 0 };
      done.push({ subject, answer, result, turn });
    } catch (error) {
      note(subject, (error as Error).message);
    }
  }
  return compare(one, done, note);
}

/** Prepared, not yet compared. */
interface Ready {
  readonly subject: Subject;
  readonly answer: Answer;
  readonly result: Float32Array | null;
  readonly turn: Omit<Turn, 'maxAbsDiff'>;
}

/** Those that agree with ops, which is the definition; where that is not measured, with whoever came first. */
function compare(one: Case, done: readonly Ready[], note: Note): Turn[] {
  const comparable = done.filter(({ result }) => result !== null);
  const reference = comparable.find(({ subject }) => subject.engine === 'ops') ?? comparable[0];
  return done.flatMap(({ subject, answer, result, turn }) => {
    const maxAbsDiff = answer.maxAbsDiff ?? difference(result!, reference!.result!);
    if (agrees(maxAbsDiff, reference?.result ?? null, one)) return [{ ...turn, maxAbsDiff }];
    note(
      subject,
      `it computes something else: ${maxAbsDiff.toExponential(1)} away from ${reference?.subject.name}`,
    );
    return [];
  });
}

function readFloats(file: string): Float32Array {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** NaN, too, is a difference; so are lengths. */
export function difference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let k = 0; k < a.length; k++) {
    const d = Math.abs(a[k]! - b[k]!);
    if (!(d <= worst)) worst = Number.isNaN(d) ? Number.POSITIVE_INFINITY : d;
  }
  return worst;
}

/** Float32 over thousands of additions; two steps of Adam differ by what frameworks keep as two biases. */
function agrees(maxAbsDiff: number, reference: Float32Array | null, { measure }: Case): boolean {
  const largest = reference?.reduce((worst, v) => Math.max(worst, Math.abs(v)), 1) ?? 1;
  return maxAbsDiff <= (measure === 'training-step' ? 2e-3 : 1e-4) * largest;
}

/** Milliseconds of warm-up: V8 compiles a training step's JavaScript during its first hundred runs. */
const WARM = 600;

/** At least two runs, and until it is warm; the last ones tell how long one takes. */
async function warmUp(turns: readonly Turn[], { budgetMs }: Settings, note: Note): Promise<Turn[]> {
  const ready: Turn[] = [];
  for (const turn of turns) {
    try {
      let total = 0;
      for (let times = 1; total < Math.min(WARM, budgetMs / 2); times *= 2) {
        const ms = (await turn.worker.ask({ do: 'run', times }, RUN_LIMIT)).ms!;
        turn.each = median(ms);
        // what takes long is warm after the comparison, and its times are dear
        if (turn.each > SLOW) {
          turn.ms.push(...ms);
          turn.spent += turn.each;
          break;
        }
        total += ms.reduce((a, b) => a + b);
      }
      ready.push(turn);
    } catch (error) {
      note(turn.subject, (error as Error).message);
    }
  }
  return ready;
}

async function takeTurns(turns: readonly Turn[], settings: Settings, note: Note): Promise<void> {
  const { rounds, turnMs, budgetMs, restMs } = settings;
  const broken = new Set<Turn>();
  for (let round = 0; round < rounds; round++) {
    // there and back, so that nobody always follows the same one
    const order = round % 2 === 0 ? turns : [...turns].reverse();
    for (const turn of order) {
      if (broken.has(turn) || (turn.ms.length >= LEAST && turn.spent + turn.each > budgetMs)) continue;
      const times = Math.max(1, Math.min(500, Math.round(turnMs / turn.each)));
      await new Promise((done) => setTimeout(done, restMs));
      try {
        // one more, untimed: caches are cold after the others
        const cold = turn.each > SLOW ? 0 : 1;
        const ms = (await turn.worker.ask({ do: 'run', times: times + cold }, RUN_LIMIT)).ms!;
        turn.ms.push(...ms.slice(cold));
        turn.spent += ms.reduce((a, b) => a + b);
      } catch (error) {
        broken.add(turn);
        note(turn.subject, (error as Error).message);
      }
    }
  }
}
