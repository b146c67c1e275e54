import { additive, gru, gruResetAfter, lstm, lstmOriginal, vanilla } from '@gatewise/cells';
import { type AnyCell, didYouMean, GatewiseError } from '@gatewise/core';
import { recordProgram } from '@gatewise/recurrence';

const cells = new Map<string, AnyCell>(
  [vanilla, additive, lstmOriginal, lstm, gru, gruResetAfter].map((cell) => [cell.name, cell]),
);

/**
 * Makes a cell known by its name, so that `recurrent({ cell: 'name' })` and `tf.loadLayersModel` find it.
 * Errors: `GW_LAYER_CELL_DUPLICATE` when another cell has the name; `GW_CELL_INVALID`.
 *
 * @example
 * registerCell(peephole);
 * const model = await tf.loadLayersModel(handler);
 */
export function registerCell(cell: AnyCell): void {
  const known = cells.get(cell.name);
  if (known && recordProgram(known).hash !== recordProgram(cell).hash) {
    throw new GatewiseError(
      'GW_LAYER_CELL_DUPLICATE',
      `got a second, different cell named "${cell.name}", wanted one cell a name; rename one of them`,
    );
  }
  cells.set(cell.name, cell);
}

/** The names of the registered cells. */
export const registeredCells = (): readonly string[] => [...cells.keys()];

/** A registered cell by its name. Errors: `GW_LAYER_CELL_UNKNOWN`. */
export function findCell(name: string): AnyCell {
  const cell = cells.get(name);
  if (cell) return cell;
  throw new GatewiseError(
    'GW_LAYER_CELL_UNKNOWN',
    `got cell "${name}", wanted one of ${registeredCells().join(', ')}, or one made known with registerCell(cell)` +
      `${didYouMean(name, registeredCells())}`,
  );
}

/** A cell as a saved model names it. Errors: `GW_LAYER_CELL_UNKNOWN`, `GW_LAYER_CELL_CHANGED`. */
export function findSavedCell(name: string, hash: unknown): AnyCell {
  const cell = findCell(name);
  const now = recordProgram(cell).hash;
  if (hash !== now) {
    throw new GatewiseError(
      'GW_LAYER_CELL_CHANGED',
      `got a model saved with program ${String(hash)} of cell "${name}", wanted ${now}, the registered cell's; its ` +
        'mathematics changed since: load with the version that saved it, or give the new cell a new name',
    );
  }
  return cell;
}
