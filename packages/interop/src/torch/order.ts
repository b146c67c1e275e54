import { refuse } from '../errors.js';
import type { TorchModule } from './modules.js';

/** A module as it runs: what it reads and gives; ids have no width. */
export interface Step {
  readonly module: TorchModule;
  readonly as: 'recurrent' | 'linear' | 'embedding';
  readonly reads: number | 'ids';
  readonly gives: number;
}

/** Every way to read a module: a matrix without a bias may be a linear layer or an embedding. */
function readings(module: TorchModule, embeddings: readonly string[] | undefined): Step[] {
  if (module.kind === 'recurrent') {
    const gives = module.levels[0]!.length * module.units;
    return [{ module, as: 'recurrent', reads: module.levels[0]![0]!.W.shape[1]!, gives }];
  }
  const [m, n] = module.weight.shape as [number, number];
  const linear: Step = { module, as: 'linear', reads: n, gives: m };
  const embedding: Step = { module, as: 'embedding', reads: 'ids', gives: n };
  if (embeddings) return [embeddings.includes(module.name) ? embedding : linear];
  return module.bias ? [linear] : [linear, embedding];
}

/**
 * The order in which modules run, which a state_dict does not say: the only one in which widths fit, or the one given.
 * Errors: `GW_IMPORT_ASK` where several fit, `GW_IMPORT_WEIGHTS` where none does.
 */
export function orderOf(
  modules: readonly TorchModule[],
  { order, embeddings }: { readonly order?: readonly string[]; readonly embeddings?: readonly string[] },
): Step[] {
  const names = modules.map(({ name }) => name);
  for (const [option, given] of Object.entries({ order, embeddings })) {
    const unknown = given?.find((name) => !names.includes(name));
    if (unknown !== undefined) {
      refuse(
        'GW_IMPORT_ASK',
        `got "${unknown}" in ${option}, wanted modules of the file: ${names.join(', ')}`,
      );
    }
  }
  if (order && new Set(order).size !== names.length) {
    refuse(
      'GW_IMPORT_ASK',
      `got order: ${order.join(', ')}, wanted each module of the file once: ${names.join(', ')}`,
    );
  }
  const found = chains(modules, order, embeddings);
  if (found.length === 1) return found[0]!;
  if (found.length === 0) {
    const widths = modules.flatMap((m) =>
      readings(m, embeddings).map(({ as, reads, gives }) => `${m.name} (${as}, ${reads} to ${gives})`),
    );
    return refuse(
      'GW_IMPORT_WEIGHTS',
      `got modules that do not fit on each other: ${widths.join(', ')}; wanted one chain: give them as they run with order: [...], or export the net as ONNX`,
    );
  }
  const ways = found.map((steps) => steps.map(({ module, as }) => `${module.name} (${as})`).join(' → '));
  return refuse(
    'GW_IMPORT_ASK',
    `got modules that fit in more than one way (${ways.join('; ')}), and a state_dict has no order; say it with order: [...] and, for a matrix without a bias, embeddings: [...]`,
  );
}

/** At most two chains that use every module once. */
function chains(
  modules: readonly TorchModule[],
  order: readonly string[] | undefined,
  embeddings: readonly string[] | undefined,
): Step[][] {
  const all = modules.map((module) => readings(module, embeddings));
  const found: Step[][] = [];
  let tries = 0;
  const extend = (chain: readonly Step[], left: readonly number[]): void => {
    if (found.length > 1 || ++tries > 100_000) return;
    if (left.length === 0) found.push([...chain]);
    for (const n of left) {
      if (order && modules[n]!.name !== order[chain.length]) continue;
      for (const step of all[n]!) {
        if (step.reads !== (chain.at(-1)?.gives ?? step.reads)) continue;
        extend(
          [...chain, step],
          left.filter((other) => other !== n),
        );
      }
    }
  };
  extend(
    [],
    modules.map((_, n) => n),
  );
  if (tries > 100_000)
    refuse(
      'GW_IMPORT_ASK',
      `got ${modules.length} modules that fit in many ways; say how they run with order: [...]`,
    );
  return found;
}
