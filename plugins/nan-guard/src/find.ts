import type { LayerInfo } from '@gatewise/core';
import type { NamedTensors } from '@gatewise/plugin';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** The first number of a tensor that is NaN or infinite. */
export interface Bad {
  readonly kind: 'weight' | 'gradient';
  readonly name: string;
  readonly value: number;
  readonly index: readonly number[];
  /** Numbers of the tensor that are bad. */
  readonly count: number;
  readonly size: number;
  /** Gate and unit, from 0, of a recurrent layer's weight. */
  readonly gate?: { readonly name: string; readonly unit: number };
}

/** 0 where every number of all tensors is finite, else NaN; nothing is read. */
export function sumOfZeros(tensors: NamedTensors): Tensor {
  // v·0 is 0, but NaN where v is NaN or infinite
  return tf.tidy(() => tf.addN(Object.values(tensors).map((t) => tf.sum(tf.mul(t, 0)))));
}

/** The bad tensors, in their order, each with its first bad number. Reads them all. */
export async function findBad(
  kind: Bad['kind'],
  tensors: NamedTensors,
  layers: ReadonlyMap<string, LayerInfo>,
): Promise<Bad[]> {
  const found: Bad[] = [];
  // taken before the first wait: what is handed over may go
  const kept = Object.entries(tensors).map(([name, t]) => [name, tf.keep(tf.clone(t))] as const);
  for (const [name, t] of kept) {
    const values = await t.data().finally(() => t.dispose());
    const first = values.findIndex((v) => !Number.isFinite(v));
    if (first < 0) continue;
    const index = tf.util.indexToLoc(first, t.rank, tf.util.computeStrides(t.shape));
    const column = index.at(-1) ?? 0;
    const gate = gateOf(name, column, layers);
    found.push({
      ...{ kind, name, value: values[first] as number, index, size: t.size },
      count: Array.from(values).filter((v) => !Number.isFinite(v)).length,
      ...(gate && { gate }),
    });
  }
  return found;
}

function gateOf(weight: string, column: number, layers: ReadonlyMap<string, LayerInfo>): Bad['gate'] {
  for (const { units, gates } of layers.values()) {
    const name = gates?.[weight]?.[Math.floor(column / units)];
    if (name !== undefined) return { name, unit: column % units };
  }
  return undefined;
}

/** `gradient of "lstm/kernel": NaN at [3, 70], gate f, unit 6; 5 of 4096 numbers are bad`. */
export function describeBad({ kind, name, value, index, count, size, gate }: Bad): string {
  const what = kind === 'gradient' ? `gradient of "${name}"` : `weight "${name}"`;
  const where = gate ? `, gate ${gate.name}, unit ${gate.unit}` : '';
  return `${what}: ${value} at [${index.join(', ')}]${where}; ${count} of ${size} numbers are bad`;
}
