import { GatewiseError, type Random } from '@gatewise/core';
import type { HostTensor, Json, Logger, Logs, RunSnapshot, RunState } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import type { Progress } from './contexts.js';
import { checkFiniteLoss } from './evaluate.js';
import { fromHost, toHost } from './host-tensors.js';
import type { Means, Report } from './logs.js';
import { identify, restoreOptimizer, saveOptimizer } from './optimizer-state.js';
import type { Ranks } from './ranks.js';
import { gatherParts, partOf } from './ranks-snapshot.js';
import {
  checkModel,
  checkOptions,
  comparable,
  currentEngine,
  describeEngine,
  topologyOf,
  warnOfPlugins,
} from './same-run.js';
import { fromJson, type OpenEpochState, type RunIdentity, type SavedRun, toJson } from './saved-run.js';
import type { Learner } from './step.js';

/** What an epoch that is not over has gathered. */
export interface OpenEpoch {
  readonly means: Means;
  readonly report: Report;
  readonly skippedBefore: number;
}
/** Where the run is at rest: the next batch. */
export interface Rest {
  readonly epoch: number;
  readonly batch: number;
  readonly open?: OpenEpoch;
}
export interface SaverParts {
  readonly learner: Learner;
  readonly progress: Progress;
  readonly history: Logs[];
  readonly identity: RunIdentity;
  readonly random: Random;
  readonly logger: Logger;
  readonly ranks?: Ranks | undefined;
}

/** Saves and restores a run; the loop tells it when that may be. */
export class RunSaver implements RunState {
  readonly #parts: SaverParts;
  readonly #optimizer: ReturnType<typeof identify>;
  #rest: Rest | undefined;
  /** Of the last step, in an epoch that ended early. */
  #kept: RunSnapshot | undefined;
  #mayRestore = false;
  /** Before plugins change the model. */
  #begun: Json = null;
  #restored: { run: SavedRun; snapshot: RunSnapshot } | undefined;
  #given: RunSnapshot | undefined;

  constructor(parts: SaverParts) {
    this.#parts = parts;
    this.#optimizer = identify(parts.learner.optimizer);
  }

  /** Where the run begins. */
  get start(): Rest {
    return this.#restored?.run.position ?? { epoch: 0, batch: 0 };
  }

  /** Runs `body` with the run at rest there. */
  async atRest(rest: Rest, body: () => Promise<void>): Promise<void> {
    this.#rest = rest;
    await body().finally(() => {
      this.#rest = undefined;
    });
  }

  /** For the end of an epoch that ends here, early: the run after its last step is what is gone on with. */
  async keep(rest: Rest): Promise<void> {
    this.#kept = await this.#take(rest);
  }

  async whileRestoring(body: () => Promise<void>): Promise<void> {
    this.#mayRestore = true;
    const { driver, model } = this.#parts.learner;
    const used = driver.has('onRestore') || driver.has('onSavePoint');
    if (used) this.#begun = comparable(topologyOf(model));
    await body().finally(() => {
      this.#mayRestore = false;
    });
  }

  async save(): Promise<RunSnapshot> {
    if (this.#rest) return this.#kept ?? this.#take(this.#rest);
    throw new GatewiseError(
      'GW_TRAIN_STATE',
      'got a call of RunState.save() while a step is under way, wanted it from onSavePoint',
    );
  }

  async #take({ epoch, batch, open }: Rest): Promise<RunSnapshot> {
    const { learner, progress, history, identity, random } = this.#parts;
    const { model, optimizer, driver } = learner;
    const { step, skipped, validatedAt = null } = progress;
    const means = open && (await openState(open, `before step ${step}`));
    const plugins = driver.save();
    const { state, tensors } = await saveOptimizer(optimizer, this.#optimizer, learner.variables);
    const { name, weights } = model;
    const run: SavedRun = {
      run: identity,
      engine: currentEngine(),
      model: { name, weights: Object.keys(weights), ...this.#topology(), state: model.saveState?.() ?? null },
      optimizer: state,
      position: { epoch, batch, step, skipped, validatedAt },
      open: means ?? null,
      history,
      random: random.state(),
      plugins,
    };
    const all = {
      ...(await toHost('model/', weights)),
      ...(await toHost('model-state/', model.saveTensors?.() ?? {})),
      ...tensors,
    };
    for (const [plugin, named] of Object.entries(driver.saveTensors())) {
      Object.assign(all, await toHost(`plugin/${plugin}/`, named));
    }
    return this.#withParts(run, all);
  }

  /** With what other ranks have of their own. */
  async #withParts(run: SavedRun, all: Record<string, HostTensor>): Promise<RunSnapshot> {
    const { ranks } = this.#parts;
    if (!ranks) return { state: toJson(run), tensors: all };
    const { plugins, open } = run;
    const { parts, tensors } = await gatherParts(ranks, { plugins, open, modelState: run.model.state }, all);
    const one = Object.keys(parts).length === 0 ? run : { ...run, ranks: { size: ranks.size, parts } };
    return { state: toJson(one), tensors: { ...all, ...tensors } };
  }

  /** What the run goes on from, until it has begun. */
  get restored(): RunSnapshot | undefined {
    return this.#given;
  }

  #topology(): { topology: Json; begun: Json } {
    const topology = topologyOf(this.#parts.learner.model);
    const same = JSON.stringify(comparable(topology)) === JSON.stringify(this.#begun);
    return { topology, begun: same ? null : this.#begun };
  }

  async restore(snapshot: RunSnapshot): Promise<void> {
    const { learner, identity, logger, progress, history, ranks } = this.#parts;
    const { model, optimizer } = learner;
    if (!this.#mayRestore) {
      throw new GatewiseError(
        'GW_TRAIN_STATE',
        'got a call of RunState.restore() in a run that has begun, wanted it from onRestore',
      );
    }
    const all = fromJson(snapshot.state);
    const { run, tensors } = partOf(all, snapshot.tensors, ranks?.rank ?? 0, ranks?.size ?? 1);
    checkModel(run, tensors, model, this.#begun);
    checkOptions(run, identity, this.#optimizer);
    const now = currentEngine();
    const [here, there] = [describeEngine(now), describeEngine(run.engine)];
    if (here !== there) {
      logger.warn(
        `the run was saved with the engine ${there} and goes on with ${here}: not to the same bits`,
      );
    }
    await restoreOptimizer(optimizer, run.optimizer, tensors, learner.variables, logger);
    const saved = fromHost('model/', tensors);
    for (const [name, w] of Object.entries(model.weights)) w.assign(saved[name]!);
    tf.dispose(saved);
    const { step, skipped, validatedAt } = run.position;
    Object.assign(progress, { step, skipped, validatedAt: validatedAt ?? undefined });
    history.splice(0, history.length, ...run.history);
    this.#restored = { run, snapshot: { state: {}, tensors } };
    this.#given = snapshot;
  }

  /** Hands back what hooks at the beginning of a run or an epoch may have set: states, tensors, means. */
  settle(open?: OpenEpoch): void {
    this.#given = undefined;
    if (!this.#restored) return;
    const { run, snapshot } = this.#restored;
    const { learner, random, logger } = this.#parts;
    const kept = fromHost('model-state/', snapshot.tensors);
    tf.tidy(() => learner.model.loadTensors?.(kept));
    if (run.model.state !== null) learner.model.loadState?.(run.model.state);
    tf.dispose(kept);
    warnOfPlugins(run.plugins, learner.driver.plugins, logger);
    learner.driver.load(run.plugins);
    learner.driver.loadTensors(Object.keys(run.plugins), (name) =>
      fromHost(`plugin/${name}/`, snapshot.tensors),
    );
    random.restore(run.random);
    if (open && run.open) {
      const { metrics } = learner;
      open.means.restore(run.open.means, (name) => metrics.find((metric) => metric.name === name));
      open.report.host.clear();
      for (const [name, value] of Object.entries(run.open.reports)) open.report.set(name, value);
    }
    this.#restored = { run, snapshot: { state: {}, tensors: {} } };
  }

  /** Of the epoch that is gone on with. */
  get skippedBefore(): number {
    return this.#restored?.run.open?.skippedBefore ?? 0;
  }

  /** The run ended within an epoch. */
  get keeps(): boolean {
    return this.#kept !== undefined;
  }
}

async function openState(
  { means, report, skippedBefore }: OpenEpoch,
  where: string,
): Promise<OpenEpochState> {
  await means.flush();
  checkFiniteLoss(means.values().loss, where);
  await report.read();
  return { skippedBefore, means: means.sums(), reports: Object.fromEntries(report.host) };
}
