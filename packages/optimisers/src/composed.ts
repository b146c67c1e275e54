import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Rule } from './rule.js';
import type { Step } from './step.js';

/** A step in tf.js' ops, on any backend: all new values are computed, then all are assigned. */
export function composedStep(rule: Pick<Rule, 'slots' | 'next'>, steps: readonly Step[]): void {
  tf.tidy(() => {
    const next = steps.map(({ w, g, slots, numbers }) =>
      tf.tidy(() => {
        const named = Object.fromEntries(rule.slots.map((slot, k) => [slot, slots[k] as Tensor]));
        return rule.next(w, g, named, numbers);
      }),
    );
    for (const [i, { w, slots }] of steps.entries()) {
      w.assign(next[i]!.w!);
      for (const [k, slot] of rule.slots.entries()) slots[k]!.assign(next[i]![slot]!);
    }
  });
}
