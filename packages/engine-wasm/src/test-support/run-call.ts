import type { Engine } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';
import type { EngineCall } from './random-call.js';

/** Every result by name. */
export type Results = Record<string, Float32Array>;

/** Runs forward, and backward where the call records. */
export function runCall(engine: Engine, { request, tensors, cotangents }: EngineCall): Results {
  return tf.tidy(() => {
    const outputs = engine.forward(request, tensors);
    const results: Record<string, tf.Tensor | null> = { y: outputs.y };
    outputs.final.forEach((t, k) => {
      results[`final ${k}`] = t;
    });
    if (request.record) {
      const { dvectors, dstate0, ...rest } = engine.backward(request, tensors, outputs, cotangents);
      Object.assign(results, rest);
      dvectors.forEach((t, k) => {
        results[`dvector ${k}`] = t;
      });
      dstate0.forEach((t, k) => {
        results[`dstate ${k}`] = t;
      });
    }
    const present = Object.entries(results).filter(
      (entry): entry is [string, tf.Tensor] => entry[1] !== null,
    );
    return Object.fromEntries(present.map(([name, t]) => [name, t.dataSync().slice() as Float32Array]));
  });
}

/** The largest difference of each result, as a part of its largest value; not a number where one is missing. */
export function distances(got: Results, wanted: Results): [name: string, off: number][] {
  const names = [...new Set([...Object.keys(got), ...Object.keys(wanted)])];
  return names.map((name) => {
    const [a, b] = [got[name], wanted[name]];
    if (!a || !b || a.length !== b.length) return [name, Number.NaN];
    let [off, top] = [0, 1e-3];
    a.forEach((v, k) => {
      off = Math.max(off, Math.abs(v - b[k]!));
      top = Math.max(top, Math.abs(b[k]!));
    });
    return [name, off / top];
  });
}
