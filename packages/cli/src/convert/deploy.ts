import { GatewiseError } from '@gatewise/core';
import type { Precision } from '@gatewise/interop';
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
    told: `one ES module of ${Math.ceil(module!.byteLength / 1024)} KB that needs nothing, weights in ${weights}, and ${types}, its types`,
  };
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
