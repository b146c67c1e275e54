import { GatewiseError } from '@gatewise/core';
import {
  type Clock,
  type Communicator,
  definePlugin,
  type Logger,
  type Plugin,
  type RunState,
  type Store,
  Tokens,
} from '@gatewise/plugin';
import { type Found, find } from './find.js';
import { type Item, kept, nameOf, ranking, Shelf } from './shelf.js';
import { type Monitored, watch } from './watch.js';

export interface CheckpointOptions {
  /** Holds the checkpoints of one run; made where it is missing. */
  readonly folder: string;
  /** What the best are chosen by: a number of an epoch's logs. Default `valLoss`, or `loss` where nothing is validated. */
  readonly monitor?: string | undefined;
  /** Whether smaller or larger is better. Default `min`. */
  readonly mode?: 'min' | 'max' | undefined;
  /** Saves every so many steps too, not only after each epoch. */
  readonly everySteps?: number | undefined;
  /** How many of the last are kept. Default 2: should one be damaged, there is the one before. */
  readonly keepLast?: number | undefined;
  /** How many of the best are kept besides. Default 1. */
  readonly keepBest?: number | undefined;
  /**
   * Goes on from the newest checkpoint in `folder` that is whole, and begins where there is none: the same command starts a run
   * and takes it up again. `best` goes on from the best; those after it are removed at the next save.
   */
  readonly resume?: boolean | 'best' | undefined;
}
type Checked = CheckpointOptions & {
  readonly mode: 'min' | 'max';
  readonly keepLast: number;
  readonly keepBest: number;
  readonly resume: boolean | 'best';
};

function checked(options: CheckpointOptions): Checked {
  const { folder, mode = 'min', everySteps, keepLast = 2, keepBest = 1, resume = false } = options;
  const refuse = (what: string) => new GatewiseError('GW_CHECKPOINT_OPTIONS', what);
  if (typeof folder !== 'string' || folder === '')
    throw refuse(`got folder "${folder}", wanted a path, such as runs/a`);
  if (mode !== 'min' && mode !== 'max') throw refuse(`got mode "${mode}", wanted "min" or "max"`);
  const counts = {
    everySteps: [everySteps ?? 1, 1],
    keepLast: [keepLast, 1],
    keepBest: [keepBest, 0],
  } as const;
  for (const [name, [count, least]] of Object.entries(counts)) {
    if (Number.isInteger(count) && count >= least) continue;
    throw refuse(`got ${name} ${count}, wanted a whole number, ${least} or more`);
  }
  if (typeof resume !== 'boolean' && resume !== 'best')
    throw refuse(`got resume "${resume}", wanted true, false or "best"`);
  return { ...options, folder, mode, keepLast, keepBest, resume };
}

/** The checkpoint to go on from. Errors: those of `find`, `GW_CHECKPOINT_FOLDER`. */
async function begin({ folder, resume }: Checked, shelf: Shelf, logger: Logger): Promise<Found | undefined> {
  if (resume !== false) {
    const found = await find(shelf, resume === 'best' ? 'best' : 'last', logger);
    logger.info(
      found ? `going on from "${folder}/${found.name}"` : `no checkpoint in "${folder}": beginning`,
    );
    return found;
  }
  const there = (await shelf.names()).at(-1);
  if (there === undefined) return undefined;
  throw new GatewiseError(
    'GW_CHECKPOINT_FOLDER',
    `got a folder "${folder}" that holds ${there} of another run, wanted one without checkpoints; choose another, or go on with resume: true`,
  );
}

/** The hooks of one run. */
function checkpointHooks(
  options: Checked,
  run: RunState,
  store: Store,
  clock: Clock,
  logger: Logger,
  communicator: Communicator,
) {
  const { folder, monitor, mode, everySteps, keepLast, keepBest } = options;
  const shelf = new Shelf(store, folder);
  const watched = watch(monitor, mode);
  let items: readonly Item[] = [];
  const save = async (name: string, monitored: Monitored | null) => {
    const snapshot = await run.save();
    await shelf.write(name, { written: new Date(clock.now()).toISOString(), monitored, snapshot });
    communicator.savedAs(`${folder}/${name}`);
    items = kept([...items.filter((item) => item.name !== name), { name, monitored }], keepLast, keepBest);
    await shelf.keepOnly(items.map((item) => item.name));
  };
  return {
    async onRestore() {
      const found = await begin(options, shelf, logger);
      if (!found) return;
      await run.restore(found.snapshot);
      items = found.items;
      communicator.savedAs(`${folder}/${found.name}`);
    },
    onEpochBegin: watched.refuseUnknown,
    async onSavePoint({ after, epoch, step, logs }) {
      if (after === 'epoch') {
        const best = ranking(items)[0]?.monitored?.name;
        await save(nameOf(step, epoch + 1), watched.read(logs ?? {}, best));
      } else if (everySteps !== undefined && step % everySteps === 0) await save(nameOf(step), null);
    },
    onTrainEnd(_, end) {
      if (end.reason === 'completed') watched.refuseUnknown();
    },
  } satisfies Omit<Plugin, 'name'>;
}

const plugin = definePlugin('checkpoint', checkpointHooks, [
  Tokens.RunState,
  Tokens.Store,
  Tokens.Clock,
  Tokens.Logger,
  Tokens.Communicator,
]);

/**
 * Saves the whole run after every epoch, and every so many steps: `resume: true` goes on to the same bits, after a kill at any
 * moment. Weights, optimizer, generators, order and place of the batches, carried states, states and tensors of all plugins.
 * The last and the best are kept, in files that any reader of safetensors and JSON reads (FORMAT.md). What the files lie in is
 * `Tokens.Store`. Errors: `GW_CHECKPOINT_…`, and `GW_RESUME_…` for a checkpoint of another model, optimizer or options.
 *
 * @example
 * await train(model, batches, { validation, optimizer, epochs: 9, plugins: [checkpoint({ folder: 'runs/a', resume: true })] });
 */
export const checkpoint = (options: CheckpointOptions) => plugin(checked(options));
