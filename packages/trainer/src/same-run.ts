import { GatewiseError } from '@gatewise/core';
import { arithmetic, kernelsInstalled } from '@gatewise/kernels';
import type { HostTensor, Json, Logger, Plugin, Trainable } from '@gatewise/plugin';
import { engines } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { EngineName, RunIdentity, SavedRun } from './saved-run.js';

const fix = 'build the run as it was saved, or take the weights alone into a new one (loadCheckpoint)';

/** What computes now. */
export function currentEngine(): EngineName {
  const backend = tf.getBackend();
  const recurrence = engines(backend)[0]?.name ?? 'ops';
  const own = backend === 'cpu' && kernelsInstalled();
  return { backend, recurrence, kernels: own ? (arithmetic()?.name ?? null) : null };
}

export const describeEngine = ({ backend, recurrence, kernels }: EngineName): string =>
  `"${recurrence}" on "${backend}"${kernels === null ? '' : ` with kernels of "${kernels}"`}`;

/** `begun` is what can be compared of the topology, as the run began. Errors: `GW_RESUME_MODEL`, before anything has changed. */
export function checkModel(
  { model: saved }: SavedRun,
  tensors: Readonly<Record<string, HostTensor>>,
  model: Trainable,
  begun: Json,
): void {
  const refuse = (got: string, wanted: string): never => {
    throw new GatewiseError('GW_RESUME_MODEL', `got ${got}, wanted ${wanted}, as saved; ${fix}`);
  };
  const names = Object.keys(model.weights);
  if (names.join() !== saved.weights.join()) {
    refuse(
      `a model "${model.name}" of the weights ${names.join(', ')}`,
      `${saved.weights.join(', ')} of "${saved.name}"`,
    );
  }
  for (const [name, { shape, dtype }] of Object.entries(model.weights)) {
    const t = tensors[`model/${name}`];
    if (t && t.dtype === dtype && t.shape.join() === shape.join()) continue;
    refuse(
      `the weight "${name}" [${shape}] ${dtype}`,
      t ? `[${t.shape}] ${t.dtype}` : 'none, since the snapshot lacks it',
    );
  }
  const differs = firstDifference(begun, saved.begun ?? comparable(saved.topology));
  if (differs) refuse(`a model whose ${differs.at} is ${differs.a}`, differs.b);
}

export const topologyOf = (model: Trainable): Json =>
  JSON.parse(JSON.stringify(model.topology?.() ?? null)) as Json;

/** Names are numbered through the life of a process, and how weights began is of no account later. */
const passedOver =
  /^(name|inbound_nodes|input_layers|output_layers|seed|keras_version|backend)$|_initializer$/;

export function comparable(json: Json): Json {
  if (Array.isArray(json)) return json.map(comparable);
  if (typeof json !== 'object' || json === null) return json;
  const kept = Object.entries(json).filter(([key]) => !passedOver.test(key));
  return Object.fromEntries(kept.map(([key, value]) => [key, comparable(value)]));
}

/** Where two texts of JSON differ first. */
export function firstDifference(
  a: Json,
  b: Json,
  at = 'topology',
): { at: string; a: string; b: string } | undefined {
  const objects = typeof a === 'object' && typeof b === 'object' && a !== null && b !== null;
  if (!objects) {
    const [as, bs] = [JSON.stringify(a) ?? 'absent', JSON.stringify(b) ?? 'absent'];
    return as === bs ? undefined : { at, a: as.slice(0, 80), b: bs.slice(0, 80) };
  }
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [next, other] = [(a as Record<string, Json>)[key]!, (b as Record<string, Json>)[key]!];
    const found = firstDifference(next, other, `${at}.${key}`);
    if (found) return found;
  }
  return undefined;
}

/** Errors: `GW_RESUME_OPTIMIZER`, `GW_RESUME_OPTIONS`. */
export function checkOptions(
  saved: SavedRun,
  identity: RunIdentity,
  optimizer: { readonly name: string; readonly options: Json },
): void {
  const { name, options } = saved.optimizer;
  const ours = firstDifference(
    { name: optimizer.name, options: optimizer.options },
    { name, options },
    'optimizer',
  );
  if (ours) {
    throw new GatewiseError(
      'GW_RESUME_OPTIMIZER',
      `got ${ours.at} ${ours.a}, wanted ${ours.b}, as saved; ${fix}`,
    );
  }
  const other = firstDifference({ ...identity }, { ...saved.run }, 'option');
  if (!other) return;
  throw new GatewiseError(
    'GW_RESUME_OPTIONS',
    `got ${other.at.replace('option.', '')} ${other.a}, wanted ${other.b}, as saved; ${fix}`,
  );
}

/** Says which plugins have no part in a run that goes on: theirs is not the same run. */
export function warnOfPlugins(
  saved: Readonly<Record<string, Json>>,
  plugins: readonly Plugin[],
  logger: Logger,
): void {
  const here = plugins.map(({ name }) => name);
  const gone = Object.keys(saved).filter((name) => !here.includes(name));
  const added = plugins.filter(
    (plugin) => (plugin.loadState || plugin.loadTensors) && !Object.hasOwn(saved, plugin.name),
  );
  for (const name of gone) logger.warn(`the run was saved with the plugin "${name}" and goes on without it`);
  for (const { name } of added) {
    logger.warn(`the run was saved without the plugin "${name}", which begins here`);
  }
}
