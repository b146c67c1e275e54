import { GatewiseError } from '@gatewise/core';
import { RuleOptimizer } from '@gatewise/optimisers';
import type { HostTensor, Json, Logger } from '@gatewise/plugin';
import type { Optimizer } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { fromHost, toHost } from './host-tensors.js';
import { setLearningRate } from './learning-rate.js';

const PREFIX = 'optimizer/';

/** What an optimizer is, and where it stands; its tensors are named in the order in which it takes them back. */
export interface OptimizerState {
  readonly name: string;
  /** As it was when the run began. */
  readonly options: Json;
  /** As it is now, null where it has none. */
  readonly learningRate: number | null;
  /** null where it can not be asked. */
  readonly tensors: readonly string[] | null;
}
type Identity = Pick<OptimizerState, 'name' | 'options'>;

/** Class and options: of another one a checkpoint is refused. */
export const identify = (optimizer: Optimizer): Identity => ({
  name: optimizer.getClassName?.() ?? optimizer.constructor.name,
  options: JSON.parse(JSON.stringify(optimizer.getConfig?.() ?? {})) as Json,
});

/** What tf.js' own optimizers do not save, or not exactly; the others of its list come back as they were. */
const inexact: Readonly<Record<string, string>> = {
  Adam: 'it computes the powers of β anew from the number of steps, which differ in the last bits',
  Adamax: 'it does not give its moments, which begin at zero',
};
const exact = ['SGD', 'Momentum', 'RMSProp', 'Adagrad', 'Adadelta'];

function whyInexact(optimizer: Optimizer, { name }: Identity): string | undefined {
  if (RuleOptimizer.is(optimizer) || exact.includes(name)) return undefined;
  return inexact[name] ?? 'it gives and takes its state by functions of its own, which nobody here knows';
}

type Variables = Readonly<Record<string, tf.Variable>>;

/**
 * Optimizers name slots `<variable>/<slot>`; tf.js numbers variables through the life of a process, so files have the names of
 * the weights, and of two processes each its own variables' names. `from` says which of the two a name begins with.
 */
function renamed(name: string, variables: Variables, from: 'variable' | 'weight'): string {
  const pairs = Object.entries(variables).map(([weight, { name: variable }]) =>
    from === 'variable' ? [variable, weight] : [weight, variable],
  ) as [string, string][];
  const fitting = pairs.filter(([prefix]) => name.startsWith(`${prefix}/`));
  const [prefix, instead] = fitting.sort(([a], [b]) => b.length - a.length)[0] ?? ['', ''];
  return instead + name.slice(prefix.length);
}

/** State and copies of its tensors. */
export async function saveOptimizer(
  optimizer: Optimizer,
  identity: Identity,
  variables: Variables,
): Promise<{ state: OptimizerState; tensors: Record<string, HostTensor> }> {
  const { learningRate } = optimizer as unknown as { learningRate?: unknown };
  const rate = typeof learningRate === 'number' ? learningRate : null;
  const named = await optimizer.getWeights().catch(() => null);
  if (named === null) return { state: { ...identity, learningRate: rate, tensors: null }, tensors: {} };
  const own = named.map(({ name }) => renamed(name, variables, 'variable'));
  const keys = own.map((name, i) => (own.indexOf(name) === i ? name : `${name}:${i}`));
  const tensors = await toHost(PREFIX, Object.fromEntries(named.map(({ tensor }, i) => [keys[i]!, tensor])));
  // tf.js' own make a new tensor of the number of steps at each call
  if (!RuleOptimizer.is(optimizer) && named[0]?.name === 'iter') named[0].tensor.dispose();
  return { state: { ...identity, learningRate: rate, tensors: keys }, tensors };
}

/** Takes a state back. Errors: `GW_OPTIM_STATE` of our optimisers, `GW_RESUME_OPTIMIZER` for what another one refuses. */
export async function restoreOptimizer(
  optimizer: Optimizer,
  { tensors: keys, learningRate, ...identity }: OptimizerState,
  host: Readonly<Record<string, HostTensor>>,
  variables: Variables,
  logger: Logger,
): Promise<void> {
  const why = whyInexact(optimizer, identity);
  if (why !== undefined) {
    logger.warn(`the optimizer ${identity.name} does not go on exactly: ${why}; ${instead(identity.name)}`);
  }
  if (keys !== null) {
    const saved = fromHost(PREFIX, host);
    try {
      await optimizer.setWeights(
        keys.map((key) => ({ name: renamed(key, variables, 'weight'), tensor: saved[key] as tf.Tensor })),
      );
    } catch (error) {
      if (error instanceof GatewiseError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new GatewiseError(
        'GW_RESUME_OPTIMIZER',
        `the optimizer ${identity.name} did not take its state: ${message}; build it as it was when the checkpoint was written`,
        { cause: error },
      );
    } finally {
      tf.dispose(saved);
    }
  }
  if (learningRate !== null) setLearningRate(optimizer, learningRate);
}

const instead = (name: string) =>
  name === 'Adam' ? 'adam of @gatewise/optimisers does' : 'those of @gatewise/optimisers do';
