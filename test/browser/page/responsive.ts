import { type StepReport, trainInWorker } from '@gatewise/trainer-worker';

/** What the page went through while its worker trained. */
export interface Watched {
  readonly steps: number;
  readonly firstLoss: number;
  readonly lastLoss: number;
  /** Reports of steps that the page heard, and frames that it drew meanwhile. */
  readonly reports: number;
  readonly frames: number;
  /** Milliseconds: of the tasks that the browser calls long (above 50), the longest; between two frames; between two timers. */
  readonly longestTask: number;
  readonly longTasks: number;
  readonly longestFrame: number;
  readonly longestTimer: number;
  /** A weight, before it was moved here and here. */
  readonly moved: readonly [unknown, unknown];
  /** `run.json`, as the worker wrote it. */
  readonly run: string;
}
const worker = new URL('/train-worker.js', location.href);

/** Trains in the worker, and watches the page's own thread from the first report of a step to the end. */
export async function watch(): Promise<Watched> {
  const [tasks, frames, timers] = [
    longTasks(),
    gaps(requestAnimationFrame),
    gaps((next) => setTimeout(next)),
  ];
  const reports: StepReport[] = [];
  const trained = await trainInWorker<{ weight: number; run: string }>(worker, {
    options: { mode: 'learn' },
    onStep: (report) => reports.push(report),
  });
  const { history, steps } = trained.result;
  const losses = history.map(({ loss }) => loss as number);
  const [drawn, ticked, long] = [frames.stop(), timers.stop(), tasks.stop()];
  return {
    ...{ steps, firstLoss: losses[0]!, lastLoss: losses.at(-1)!, reports: reports.length },
    ...{ frames: drawn.count, longestFrame: drawn.longest, longestTimer: ticked.longest },
    ...{ longTasks: long.length, longestTask: Math.max(0, ...long) },
    moved: [trained.value.weight, Object.values(trained.weights)[0]?.values[0]],
    run: trained.value.run,
  };
}

/** How a worker ends that is cancelled at its first report. */
export async function cancel(): Promise<object> {
  const controller = new AbortController();
  const onStep = () => controller.abort('enough');
  const { result } = await trainInWorker(worker, {
    options: { mode: 'endless' },
    signal: controller.signal,
    onStep,
  });
  return { ...result, steps: result.steps > 0 };
}

/** The code and message of what a worker fails with. */
export async function failing(mode: string): Promise<string> {
  const source = mode === 'missing' ? new URL('/missing.js', location.href) : worker;
  const error = await trainInWorker(source, { options: { mode } }).then(
    () => new Error('none'),
    (thrown: Error) => thrown,
  );
  return `${(error as { code?: string }).code} ${error.message}`;
}

function longTasks() {
  const durations: number[] = [];
  const take = (entries: PerformanceObserverEntryList | PerformanceEntry[]) => {
    const list = Array.isArray(entries) ? entries : entries.getEntries();
    durations.push(...list.map(({ duration }) => duration));
  };
  const observer = new PerformanceObserver(take);
  observer.observe({ entryTypes: ['longtask'] });
  return {
    stop() {
      take(observer.takeRecords());
      observer.disconnect();
      return durations;
    },
  };
}

/** Time between calls of what is asked for again and again. */
function gaps(ask: (next: () => void) => unknown) {
  let [last, longest, count, on] = [performance.now(), 0, 0, true];
  const next = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    count++;
    if (on) ask(next);
  };
  ask(next);
  return {
    stop() {
      on = false;
      return { longest, count };
    },
  };
}

Object.assign(globalThis, { responsive: { watch, cancel, failing } });
