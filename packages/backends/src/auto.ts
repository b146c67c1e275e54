import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { isNode } from './environment.js';
import { describeMachine } from './machine.js';
import {
  type AutoOptions,
  type BackendInfo,
  type ConcreteBackend,
  defaultSizes,
  type Measured,
  type MeasuredBackend,
  type Sizes,
} from './names.js';
import { recall, remember } from './remember.js';
import { startAnew } from './start-anew.js';
import { drawTable } from './table.js';
import { timeStep } from './time-step.js';

/** Brings a backend into use; no further than `signal` lets it. */
type Use = (name: ConcreteBackend, signal: AbortSignal) => Promise<BackendInfo>;

/** From the simplest: of two that are about as fast, the first is taken. After `node` there is no `node-gpu` in a process. */
const candidates = (): readonly ConcreteBackend[] =>
  isNode() ? ['cpu', 'wasm', 'node-gpu', 'node', 'webgpu'] : ['cpu', 'wasm', 'webgl', 'webgpu'];
/** About as fast: within a tenth, and what a clock does not see. */
const aboutAsFast = (ms: number, best: number) => ms <= 1.1 * best + 0.05;
/** So many times the best is close. */
const CLOSE = 4;
/** A candidate that has not started and been timed after this many ms is left. */
const LIMIT = 20_000;

interface Choice {
  readonly backend: ConcreteBackend;
  readonly driver: string;
  readonly engine: string;
  readonly table: readonly MeasuredBackend[];
}

/** Puts the fastest backend of this machine into use, by what was measured before or now. */
export async function chooseBackend(
  use: Use,
  options: AutoOptions,
  limit: number = LIMIT,
): Promise<BackendInfo> {
  const sizes = checkSizes(options.sizes ?? defaultSizes);
  const { engine } = await use('cpu', new AbortController().signal);
  const key = JSON.stringify({ ...(await describeMachine()), engine, sizes });
  const known = options.again === true ? null : (recall(key) as Choice | null);
  const info = (known && (await useKnown(use, sizes, known))) ?? (await measure(use, sizes, { key, limit }));
  if (options.print) {
    const print = options.print === true ? (text: string) => console.log(text) : options.print;
    print(drawTable(info.measured!));
  }
  return info;
}

/** Null where what was chosen is no longer there, or has become something else. */
async function useKnown(use: Use, sizes: Sizes, known: Choice): Promise<BackendInfo | null> {
  const info = await use(known.backend, new AbortController().signal).catch(() => null);
  if (info?.engine !== known.engine || info.driver !== known.driver) return null;
  return { ...info, measured: { sizes, table: known.table, remembered: true } };
}

async function measure(
  use: Use,
  sizes: Sizes,
  { key, limit }: { key: string; limit: number },
): Promise<BackendInfo> {
  const before = new Set(Object.keys(tf.engine().registry));
  const rows = await timeAll(use, sizes, limit);
  const best = bestOf(rows);
  const winner = rows.find(({ ms, beaten }) => ms !== null && !beaten && aboutAsFast(ms, best));
  if (!winner) throw noneRuns(rows);
  const info = await use(winner.backend, new AbortController().signal);
  letGo(info.tfName, before);
  const table = sorted(rows, winner);
  remember(key, {
    backend: winner.backend,
    driver: info.driver,
    engine: info.engine,
    table,
  } satisfies Choice);
  const measured: Measured = { sizes, table, remembered: false };
  return { ...info, measured };
}

const bestOf = (rows: readonly MeasuredBackend[]): number =>
  Math.min(...rows.map(({ ms, beaten }) => (ms === null || beaten ? Number.POSITIVE_INFINITY : ms)));

/** One after the other; those that are close take a second turn: what else the machine did met one of them alone. */
async function timeAll(use: Use, sizes: Sizes, limit: number): Promise<MeasuredBackend[]> {
  const rows: MeasuredBackend[] = [];
  for (const backend of candidates()) {
    rows.push(await timeCandidate(backend, use, sizes, { best: bestOf(rows), limit }));
  }
  const best = bestOf(rows);
  const close = rows.filter(({ ms, beaten }) => ms !== null && !beaten && ms <= CLOSE * best);
  if (close.length < 2) return rows;
  for (const row of close) {
    const again = await timeCandidate(row.backend, use, sizes, { best: Number.POSITIVE_INFINITY, limit });
    if (again.ms !== null && again.ms < row.ms!) rows[rows.indexOf(row)] = again;
  }
  return rows;
}

/** Whatever goes wrong becomes the row's reason. */
async function timeCandidate(
  backend: ConcreteBackend,
  use: Use,
  sizes: Sizes,
  { best, limit }: { best: number; limit: number },
): Promise<MeasuredBackend> {
  const given = new AbortController();
  let engine: string | null = null;
  const run = async () => {
    ({ engine } = await use(backend, given.signal));
    return timeStep(sizes, best, () => given.signal.throwIfAborted());
  };
  try {
    const { ms, part, beaten } = await within(limit, run());
    const why = beaten
      ? `clearly slower: ${percent(part)} of the step took this long`
      : part < 1
        ? `slow: measured by ${percent(part)} of the step`
        : null;
    return { backend, engine, ms, why, beaten };
  } catch (error) {
    given.abort(new Error('another backend has been chosen'));
    const { backendName, registry } = tf.engine();
    if (backendName && !(backendName in registry)) startAnew(backendName); // it may still be starting
    const why = error instanceof Error ? error.message : String(error);
    return { backend, engine, ms: null, why, beaten: false };
  }
}

const percent = (part: number) => `${(100 * part).toPrecision(2)} %`;

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(`no answer for ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {}); // what it says later is no news
  }
}

/** Devices that were started to be timed and lost: their memory goes back. */
function letGo(kept: string, before: ReadonlySet<string>): void {
  for (const name of ['webgl', 'webgpu']) {
    if (name !== kept && !before.has(name) && name in tf.engine().registry) startAnew(name);
  }
}

const sorted = (rows: readonly MeasuredBackend[], winner: MeasuredBackend): MeasuredBackend[] => {
  const place = (row: MeasuredBackend) => (row === winner ? -1 : (row.ms ?? Number.MAX_VALUE));
  return [...rows].sort((a, b) => place(a) - place(b));
};

function checkSizes(sizes: Sizes): Sizes {
  const { B, T, I, H } = sizes;
  if ([B, T, I, H].every((n) => Number.isSafeInteger(n) && n > 0)) return { B, T, I, H };
  throw new GatewiseError(
    'GW_BACKEND_SIZES',
    `got sizes ${JSON.stringify(sizes)}, wanted whole numbers above 0; likely fix: { sizes: { B: 32, T: 50, I: 64, H: 128 } }`,
  );
}

const noneRuns = (rows: readonly MeasuredBackend[]) =>
  new GatewiseError(
    'GW_BACKEND_UNAVAILABLE',
    `got no backend that runs a training step, wanted one; ${rows.map(({ backend, why }) => `${backend}: ${why}`).join('; ')}`,
  );
