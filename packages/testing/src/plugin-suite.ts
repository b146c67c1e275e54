import { hookKinds, type PluginModule } from '@gatewise/plugin';
import type { TrainResult } from '@gatewise/trainer';
import { assertEqual, assertTrue } from './assertions.js';
import { keptRun } from './kept-run.js';
import { leakCheck } from './leak-check.js';
import { type PluginRun, runWith } from './plugin-run.js';
import type { Runner } from './runner.js';

export interface PluginSuiteOptions {
  /** The name that checkpoints and errors know it by. */
  readonly name: string;
  /** Makes a tf.js backend current; the current one when absent. */
  readonly backend?: () => unknown;
}

const allowed = [
  ...Object.keys(hookKinds),
  'saveState',
  'loadState',
  'saveTensors',
  'loadTensors',
  'dispose',
];

/**
 * The specification of a plugin, as tests with the real trainer: it trains, nothing piles up over epochs or runs, the
 * same seed gives the same weights, a run goes on from a checkpoint to the same bits, a failed run still disposes of it.
 *
 * @param make a new plugin every time, as `train({ plugins: [make()] })` takes it
 * @example pluginSuite({ describe, it }, () => earlyStopping({ patience: 2 }), { name: 'early-stopping' });
 */
export function pluginSuite(
  { describe, it }: Runner,
  make: () => PluginModule,
  options: PluginSuiteOptions,
): void {
  const { name, backend } = options;
  const run = async (settings: Parameters<typeof runWith>[1] = {}) => {
    await backend?.();
    const done = await runWith(make(), settings);
    if (done.result instanceof Error && settings.failAt === undefined) throw done.result;
    return done;
  };
  describe(`plugin ${name}`, () => {
    it('trains a small model', async () => {
      const { result } = await run();
      const { history } = result as TrainResult;
      assertTrue(history.length > 0, 'got no epochs');
      for (const { loss } of history) assertTrue(Number.isFinite(loss), `got a loss of ${loss}`);
    });
    it('keeps its name, and has hooks that are hooks', async () => {
      const first = await run();
      assertEqual('names of two of it', [first.plugin.name, (await run()).plugin.name], [name, name]);
      assertHooks(first);
    });
    it('gives the same weights for the same seed', async () => {
      const [a, b] = [await run(), await run()];
      assertEqual('weights', a.weights, b.weights);
    });
    memoryTests({ it }, run, backend);
    stateTests({ it }, run);
    disposalTests({ it }, run, backend);
  });
}

type Run = (settings?: Parameters<typeof runWith>[1]) => Promise<PluginRun>;

function assertHooks({ plugin }: PluginRun): void {
  const found = Object.keys(plugin).filter((key) => typeof plugin[key as keyof typeof plugin] === 'function');
  const odd = found.filter((key) => !allowed.includes(key));
  assertEqual('functions of the plugin that are no hooks', odd, []);
  assertTrue(
    found.some((key) => key in hookKinds),
    `got functions ${found.join(' ') || 'none'}, wanted at least one hook`,
  );
}

function memoryTests({ it }: Pick<Runner, 'it'>, run: Run, backend?: () => unknown): void {
  it('lets no tensors pile up from epoch to epoch', async () => {
    const { alive } = await run();
    for (const [n, epoch] of alive.entries()) {
      if (n > 1) assertEqual(`tensors at the start of the steps of epoch ${n}`, epoch, alive[1]);
    }
  });
  it('leaves nothing behind when a run ends', async () => {
    await backend?.();
    await leakCheck(() => run(), { warmup: 1, steps: 2 });
  });
}

function stateTests({ it }: Pick<Runner, 'it'>, run: Run): void {
  it('has a state of plain JSON, and a way back for all that it saves', async () => {
    const { plugin, state } = await run();
    assertEqual('saveState and loadState, both or none', !plugin.saveState, !plugin.loadState);
    assertEqual('saveTensors and loadTensors, both or none', !plugin.saveTensors, !plugin.loadTensors);
    if (state !== undefined) assertJson(state, 'state');
  });
  // within the first epoch, at its end, within the second
  for (const step of [2, 3, 5]) {
    it(`goes on from step ${step} to the same bits as if it had never stopped`, async () => {
      const kept = keptRun();
      const whole = await run({ beside: kept.keepAfter(step) });
      const rest = await run({ beside: kept.goOn() });
      assertEqual('weights', rest.weights, whole.weights);
      assertEqual('losses', lossesOf(rest), lossesOf(whole));
    });
  }
}

const lossesOf = ({ result }: PluginRun) =>
  (result as TrainResult).history.map(({ loss, valLoss }) => [loss, valLoss]);

/** JSON that says what it means: no NaN, which would become null, and no undefined. */
function assertJson(value: unknown, at: string): void {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return;
  if (typeof value === 'number') {
    assertTrue(Number.isFinite(value), `${at}: got ${value}, which is not JSON`);
    return;
  }
  const plain =
    Array.isArray(value) || (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype);
  assertTrue(plain, `${at}: got ${typeof value}, which is not plain JSON`);
  for (const [key, entry] of Object.entries(value as object)) assertJson(entry, `${at}.${key}`);
}

function disposalTests({ it }: Pick<Runner, 'it'>, run: Run, backend?: () => unknown): void {
  it('is disposed of once, and can be again', async () => {
    const { plugin, disposed } = await run();
    assertEqual('calls of dispose', disposed, plugin.dispose ? 1 : 0);
    await plugin.dispose?.();
  });
  it('is disposed of when training fails, and hides no error', async () => {
    await backend?.();
    const failing = async () => {
      const { plugin, disposed, result } = await run({ failAt: 2 });
      assertTrue(result instanceof Error, 'got a run that completed, wanted the error of its data');
      assertTrue(
        result.message.includes('as the suite wants'),
        `got ${result.message}, wanted the error of its data`,
      );
      assertEqual('calls of dispose', disposed, plugin.dispose ? 1 : 0);
    };
    await leakCheck(failing, { warmup: 1, steps: 2 });
  });
}
