import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';

/** T time steps, B rows, I features, H units; gates i f g o. */
export interface LayerNormArgs {
  readonly x: tf.Tensor; // [B,T,I]
  readonly W: tf.Tensor; // [I,4H]
  readonly R: tf.Tensor; // [H,4H]
  readonly b: tf.Tensor; // [4H]
  readonly gx: tf.Tensor; // [4H]
  readonly gh: tf.Tensor; // [4H]
  readonly gc: tf.Tensor; // [H]
  readonly bc: tf.Tensor; // [H]
  /** Zeros where absent. */
  readonly state0?: { readonly h?: tf.Tensor; readonly c?: tf.Tensor }; // [B,H]
  /** 1 or true is a real step; a masked step holds the states. */
  readonly mask?: tf.Tensor; // [B,T]
  readonly reverse?: boolean;
  /** y at masked steps: zeros (default), or the held h. */
  readonly padding?: 'zeros' | 'hold';
}

let said = false;
/** Normalisation looks across units, so no engine has it: that is said once, by name. */
function warnOnce(): void {
  if (said) return;
  said = true;
  console.warn(
    'gatewise: cell "lstm-layernorm" is not fused: it normalises across units, and is composed of tf.js ops',
  );
}

const mean = (v: tf.Tensor) => tf.mean(v, -1, true);

/** LN(v) = (v − mean v) / √(var v + 1e-5) over the last axis; δv = (δn − mean δn − n ⊗ mean(δn ⊗ n)) / √(var v + 1e-5). */
export function layerNorm(v: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((x, save) => {
    // twice: where v hardly varies, its mean is inexact beside v − mean v
    const once = tf.sub(x as tf.Tensor, mean(x as tf.Tensor));
    const d = tf.sub(once, mean(once));
    const root = tf.sqrt(tf.add(mean(tf.square(d)), 1e-5));
    const n = tf.div(d, root);
    (save as tf.GradSaveFunc)([n, root]);
    return {
      value: n,
      gradFunc: (dn: tf.Tensor, saved: tf.Tensor[]) => {
        const [n, root] = saved as [tf.Tensor, tf.Tensor];
        return tf.div(tf.sub(tf.sub(dn, mean(dn)), tf.mul(n, mean(tf.mul(dn, n)))), root);
      },
    };
  });
  return op(v);
}

/** [B,T,…] by time step; tf.unstack has no gradient where there is one piece. */
const unstackTime = (v: tf.Tensor): tf.Tensor[] =>
  v.shape[1] === 1 ? [tf.reshape(v, [v.shape[0]!, ...v.shape.slice(2)])] : tf.unstack(v, 1);

/**
 * LSTM with layer normalisation (Ba, Kiros and Hinton, 2016), composed of tf.js' ops, with their gradients: it runs on every
 * backend and fused on none, and says so once.
 *
 *     a = g_x ⊗ LN(x_t W) + g_h ⊗ LN(h_{t-1} R) + b, over all 4H columns at once
 *     i = σ(a_i),  f = σ(a_f),  g = tanh(a_g),  o = σ(a_o)
 *     c_t = f ⊗ c_{t-1} + i ⊗ g,  h_t = o ⊗ tanh(g_c ⊗ LN(c_t) + b_c)
 *
 * @returns y [B,T,H] and the final states [B,H]; the caller disposes of them. Errors: `GW_LAYERNORM_SHAPE`.
 * @example const { y } = lstmLayerNorm({ x, W, R, b, gx, gh, gc, bc });
 */
export function lstmLayerNorm(args: LayerNormArgs): {
  y: tf.Tensor3D;
  final: { h: tf.Tensor2D; c: tf.Tensor2D };
} {
  checkShapes(args);
  warnOnce();
  const [B, T] = args.x.shape as [number, number];
  const H = args.R.shape[0]!;
  const { y, ...final } = tf.tidy(() => {
    const step = makeStep(args, H);
    const inputs = projected(args, H);
    const real =
      args.mask && unstackTime(tf.tile(tf.reshape(tf.cast(args.mask, 'bool'), [B, T, 1]), [1, 1, H]));
    const select = (t: number, a: tf.Tensor, b: tf.Tensor) => (real ? tf.where(real[t]!, a, b) : a);
    const zeros = tf.zeros([B, H]);
    let h = args.state0?.h ? tf.clone(args.state0.h) : zeros;
    let c = args.state0?.c ? tf.clone(args.state0.c) : zeros;
    const out: tf.Tensor[] = Array(T);
    for (let n = 0; n < T; n++) {
      const t = args.reverse ? T - 1 - n : n;
      const next = step(inputs[t]!, h, c);
      h = select(t, next.h, h);
      c = select(t, next.c, c);
      out[t] = args.padding === 'hold' ? h : select(t, h, zeros);
    }
    return {
      y: tf.stack(out, 1) as tf.Tensor3D,
      h: tf.clone(h) as tf.Tensor2D,
      c: tf.clone(c) as tf.Tensor2D,
    };
  });
  return { y, final };
}

/** g_x ⊗ LN(x W) + b of every step, [B,4H] each; what lies at masked steps is never read. */
function projected({ x, W, b, gx, mask }: LayerNormArgs, H: number): tf.Tensor[] {
  const [B, T, I] = x.shape as [number, number, number];
  const steps = mask && tf.tile(tf.reshape(tf.cast(mask, 'bool'), [B, T, 1]), [1, 1, I]);
  const real = steps ? tf.where(steps, x, tf.zerosLike(x)) : x;
  const xW = tf.matMul(tf.reshape(real, [B * T, I]), W as tf.Tensor2D);
  return unstackTime(tf.reshape(tf.add(tf.mul(layerNorm(xW), gx), b), [B, T, 4 * H]));
}

function makeStep({ R, gh, gc, bc }: LayerNormArgs, H: number) {
  return (xW: tf.Tensor, h: tf.Tensor, c: tf.Tensor) => {
    // a = g_x ⊗ LN(x W) + b + g_h ⊗ LN(h' R)
    const a = tf.add(xW, tf.mul(layerNorm(tf.matMul(h as tf.Tensor2D, R as tf.Tensor2D)), gh));
    const gate = (g: number) => tf.slice(a as tf.Tensor2D, [0, g * H], [a.shape[0]!, H]);
    const [i, f, o] = [tf.sigmoid(gate(0)), tf.sigmoid(gate(1)), tf.sigmoid(gate(3))];
    // c = f ⊗ c' + i ⊗ tanh(a_g)
    const next = tf.add(tf.mul(f, c), tf.mul(i, tf.tanh(gate(2))));
    // h = o ⊗ tanh(g_c ⊗ LN(c) + b_c)
    return { c: next, h: tf.mul(o, tf.tanh(tf.add(tf.mul(layerNorm(next), gc), bc))) };
  };
}

function checkShapes({ x, W, R, b, gx, gh, gc, bc }: LayerNormArgs): void {
  const I = x.shape[2] ?? 0;
  const H = R.shape[0] ?? 0;
  const wanted = { W: [I, 4 * H], R: [H, 4 * H], b: [4 * H], gx: [4 * H], gh: [4 * H], gc: [H], bc: [H] };
  const given: Record<string, tf.Tensor> = { W, R, b, gx, gh, gc, bc };
  if (x.rank !== 3) fail(`got x [${x.shape}], wanted [B, T, I]`);
  for (const [name, shape] of Object.entries(wanted)) {
    const got = given[name]!.shape;
    if (got.length !== shape.length || got.some((n, k) => n !== shape[k])) {
      fail(`got ${name} [${got}], wanted [${shape}] (I = ${I}, H = ${H})`);
    }
  }
}

function fail(text: string): never {
  throw new GatewiseError('GW_LAYERNORM_SHAPE', `cell "lstm-layernorm": ${text}`);
}
