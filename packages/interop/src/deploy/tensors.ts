import type { LayerSpec, ModelSpec, Values } from '../model.js';
import { gateRows, type Weight } from './pack.js';

/** A weight under its name in a file: its place in the description, such as `layers.0.directions.1.bias.input`. */
export interface Placed extends Weight {
  readonly path: string;
}

/** All weights of a description, in its order. */
export const placed = ({ layers }: ModelSpec): Placed[] =>
  layers.flatMap((layer, l) =>
    weightsOf(layer).map(([role, values, matrix = false]) => ({
      path: `layers.${l}.${role}`,
      layer: layer.name,
      ...{ role, values, matrix },
    })),
  );

type Listed = readonly [role: string, values: Values, matrix?: boolean];

function weightsOf(layer: LayerSpec): Listed[] {
  switch (layer.kind) {
    case 'recurrent':
      return layer.directions.flatMap(({ W, R, bias, peepholes, initial }, d) => {
        const own: Listed[] = [
          ['W', gateRows(W), true],
          ['R', gateRows(R), true],
          ...(bias ? [['bias.input', bias.input] as const] : []),
          ...(bias?.recurrent ? [['bias.recurrent', bias.recurrent] as const] : []),
          ...(peepholes ? [['peepholes', peepholes] as const] : []),
          ...Object.entries(initial ?? {}).map(([state, values]) => [`initial.${state}`, values] as const),
        ];
        return own.map(([role, ...rest]) => [`directions.${d}.${role}`, ...rest]);
      });
    case 'dense':
      return [['W', gateRows(layer.W), true], ...(layer.bias ? [['bias', layer.bias] as const] : [])];
    case 'embedding':
      return [['table', layer.table, true]];
    default:
      return [];
  }
}
