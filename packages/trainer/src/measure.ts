import { GatewiseError } from '@gatewise/core';
import type { Batch, Seen, Trainable } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import type { Report } from './logs.js';
import type { Metric } from './metrics.js';

/**
 * The loss of a batch, and what metrics need of it, kept until `report` has measured it: after the gradients, outside the tape.
 */
export class Measured {
  #seen: Seen | undefined;

  constructor(
    readonly metrics: readonly Metric[],
    readonly model: Trainable,
  ) {}

  loss(batch: Batch, training: boolean): tf.Scalar {
    const show = this.metrics.length > 0 ? (seen: Seen) => this.#keep(seen) : undefined;
    return checkLoss(this.model.loss(batch, training, show));
  }

  /** Errors: `GW_TRAIN_METRICS` for a model that does not show its predictions. */
  report(report: Report, rows: number, targets: number): void {
    const seen = this.#seen;
    if (this.metrics.length === 0) return;
    if (!seen) {
      throw new GatewiseError(
        'GW_TRAIN_METRICS',
        `got metrics for "${this.model.name}", whose loss does not call show(seen), wanted it to show targets and predictions; ` +
          'call it in loss(batch, training, show), or drop the metrics',
      );
    }
    for (const { name, mean, finish, over, part } of this.metrics) {
      const weight = over === 'rows' ? rows : targets;
      tf.tidy(() =>
        report.set(name, mean(seen), { weight, ...(finish && { finish }), ...(part && { part }) }),
      );
    }
  }

  dispose(): void {
    if (this.#seen) tf.dispose(this.#seen as unknown as tf.TensorContainer);
    this.#seen = undefined;
  }

  #keep({ form, ...tensors }: Seen): void {
    this.dispose();
    const kept = Object.entries(tensors).map(([name, t]) => [name, tf.keep(tf.clone(t as tf.Tensor))]);
    this.#seen = { form, ...Object.fromEntries(kept) } as Seen;
  }
}

/** Errors: `GW_TRAIN_LOSS` for anything but a scalar. */
function checkLoss(loss: tf.Scalar): tf.Scalar {
  if (loss instanceof tf.Tensor && loss.rank === 0) return loss;
  const got =
    (loss as unknown) instanceof tf.Tensor ? `a tensor [${(loss as tf.Tensor).shape}]` : `a ${typeof loss}`;
  throw new GatewiseError(
    'GW_TRAIN_LOSS',
    `got ${got} from the model's loss, wanted a scalar tensor, at once; take the mean, and do not make loss() async`,
  );
}
