import { GatewiseError, random } from '@gatewise/core';
import type { ModelSpec, Precision } from '@gatewise/interop';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** Files by path, and what to say of them. */
export interface Deployed {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly told: string;
}

/** One ES module at `out`, `.js` or `.mjs`, and its types beside it. Errors: `GW_EXPORT_NAME`, those of `writeStandalone`. */
export async function standalone(network: LayersModel, out: string, weights: Precision): Promise<Deployed> {
  const types = typesOf(out);
  const { describe, writeStandalone } = await import('@gatewise/interop');
  const written = writeStandalone(await describe(network), { weights });
  const [module, declared] = [written.module, written.types].map((text) => new TextEncoder().encode(text));
  return {
    files: new Map([
      [out, module!],
      [types, declared!],
    ]),
    told: `one ES module of ${Math.ceil(module!.byteLength / 1024)} KB that needs nothing, weights in ${weights}, and ${types}, its types.`,
  };
}

/** Safetensors of few bytes at `out`, and how far its outputs are from the model's. Errors: those of `quantise`. */
export async function quantised(network: LayersModel, out: string, to: 'f16' | 'int8'): Promise<Deployed> {
  const { accuracyOf, accuracyText, describe, quantise } = await import('@gatewise/interop');
  const spec = await describe(network);
  const file = quantise(spec, { to });
  const x = drawn(spec);
  try {
    const report = accuracyText(await accuracyOf(spec, file, [x]));
    return {
      files: new Map([[out, file]]),
      told: `the model in ${to}, for gatewise import; on ${x.shape.slice(0, 2).join(' drawn sequences of ')} steps:\n${report}`,
    };
  } finally {
    x.dispose();
  }
}

/** Sequences to measure with where there is no data: uniform ids [B,T], or standard normal features [B,T,I]. */
function drawn({ input }: ModelSpec): tf.Tensor {
  const [B, T] = [16, input.steps ?? 64];
  const source = random(1);
  if (input.kind === 'ids') {
    const ids = Int32Array.from({ length: B * T }, () => source.int(input.size));
    return tf.tensor2d(ids, [B, T], 'int32');
  }
  const x = Float32Array.from({ length: B * T * input.width }, () => source.normal());
  return tf.tensor3d(x, [B, T, input.width]);
}

/** Where the types of a module go. */
export function typesOf(out: string): string {
  const types = out.replace(/\.(m?)js$/, '.d.$1ts');
  if (types !== out) return types;
  throw new GatewiseError(
    'GW_EXPORT_NAME',
    `got --out ${out}, wanted a module's name, that ends in .js or .mjs`,
  );
}
