import { recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { GoldenCell, GoldenCells } from './cells.js';
import { type GoldenTensor, type GoldenTensors, need, upload } from './file.js';

/** What replays a file: the cells it may use, the engine, and what clips. */
export interface GoldenOptions {
  /** Engine by name; the backend's first when absent. */
  readonly engine?: string;
  /** Cells by the files' names, beside those of this package. */
  readonly cells?: GoldenCells;
  /** A file that lies beside the golden file, by its path from there; undefined where there is none. */
  readonly read?: (path: string) => Promise<Uint8Array | undefined>;
  /** Scales gradients to a global norm: `clip/` files are skipped without it. */
  readonly clip?: (
    gradients: Readonly<Record<string, tf.Tensor>>,
    maxNorm: number,
  ) => { gradients: Readonly<Record<string, tf.Tensor>>; norm: tf.Scalar };
}

/** This file cannot be replayed yet: said as skipped, never passed. */
export class Skip extends Error {}

export type Letters = Readonly<Record<string, tf.Tensor>>;
type Numbers = Readonly<Record<string, Float32Array | Int32Array | Uint8Array>>;

/** The cell of a file. */
export function findCell(name: string, { cells }: GoldenOptions, own: GoldenCells): GoldenCell {
  const found = cells?.[name] ?? own[name];
  if (!found) throw new Skip(`no cell here for "${name}"`);
  return found;
}

/**
 * Uploads tensors, evaluates `f` on them once and reads back its outputs and the gradients of its loss
 * by the tensors named in `by`.
 */
export async function evaluate(
  tensors: GoldenTensors,
  by: readonly string[],
  f: (letters: Letters) => { loss: tf.Scalar; outputs: Letters },
): Promise<{ outputs: Numbers; gradients: Numbers }> {
  const letters: Record<string, tf.Tensor> = {};
  const kept: Record<string, tf.Tensor> = {};
  let gradients: Record<string, tf.Tensor> = {};
  try {
    for (const [name, t] of Object.entries(tensors)) letters[name] = upload(t);
    const run = (...xs: tf.Tensor[]) => {
      const { loss, outputs } = f({ ...letters, ...Object.fromEntries(by.map((name, i) => [name, xs[i]!])) });
      for (const [name, t] of Object.entries(outputs)) kept[name] = tf.keep(tf.clone(t));
      return loss;
    };
    if (by.length === 0) tf.tidy(() => void run());
    else {
      const { value, grads } = tf.valueAndGrads(run)(
        by.map((name) => need(letters[name], `tensor "${name}"`)),
      );
      gradients = Object.fromEntries(by.map((name, i) => [name, grads[i]!]));
      tf.dispose(value);
    }
    return { outputs: await read(kept), gradients: await read(gradients) };
  } finally {
    tf.dispose([letters, kept, gradients]);
  }
}

async function read(tensors: Letters): Promise<Numbers> {
  const read = await Promise.all(Object.entries(tensors).map(async ([k, t]) => [k, await t.data()] as const));
  return Object.fromEntries(read);
}

/** One recurrent layer with the file's letters; `at` is the prefix of its keys (`l0.fwd.`). */
export function runLayer(
  golden: GoldenCell,
  letters: Letters,
  at: string,
  x: tf.Tensor, // [B,T,I]
  settings: { mask?: tf.Tensor; reverse: boolean; padding: 'zeros' | 'hold'; engine?: string },
): { y: tf.Tensor; final: Record<string, tf.Tensor> } {
  const own = Object.fromEntries(
    Object.entries(letters)
      .filter(([k]) => k.startsWith(at) && !k.slice(at.length).includes('.'))
      .map(([k, v]) => [k.slice(at.length), v]),
  );
  const { cell } = golden;
  const given = cell.state.filter((s) => own[`${s}0`]);
  const { mask, engine, reverse, padding } = settings;
  const state0 = Object.fromEntries(given.map((s) => [s, own[`${s}0`]!]));
  const sequence = { x, state0, ...(mask && { mask }), reverse, padding };
  if (golden.run && engine !== undefined && engine !== 'ops') {
    throw new Skip(`cell "${cell.name}" is composed of tf.js ops: no engine takes part`);
  }
  const { y, final } = golden.run
    ? golden.run(own, sequence)
    : recur(cell, { ...golden.weights(own), ...sequence, ...(engine !== undefined && { engine }) });
  return { y, final: Object.fromEntries(cell.state.map((s) => [`${at}${s}T`, final[s]!])) };
}

/** The mask of a file: its own, or one made of lengths. [B,T] int32. */
export function maskOf(
  mask: GoldenTensor | undefined,
  lengths: unknown,
  T: number,
): GoldenTensor | undefined {
  if (mask || !Array.isArray(lengths)) return mask;
  const data = lengths.flatMap((n: number) => Array.from({ length: T }, (_, t) => (t < n ? 1 : 0)));
  return { shape: [lengths.length, T], data: Int32Array.from(data) };
}
