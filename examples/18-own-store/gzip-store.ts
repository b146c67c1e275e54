import type { Store } from '@gatewise/plugin';

/**
 * A store that packs what it hands on to another. A file is whole or not there, as long as it is so in the other one.
 *
 * @example container.bind(Tokens.Store).toConstantValue(gzipStore(fileStore()));
 */
export function gzipStore(inner: Store): Store {
  const packed = (path: string) => `${path}.gz`;
  return {
    async read(path) {
      const data = await inner.read(packed(path));
      return data && through(data, new DecompressionStream('gzip'));
    },
    write: async (path, data) =>
      inner.write(packed(path), await through(data, new CompressionStream('gzip'))),
    async list(folder) {
      const names = await inner.list(folder);
      return names.flatMap((name) => (name.endsWith('.gz') ? [name.slice(0, -3)] : []));
    },
    remove: (path) => inner.remove(packed(path)),
  };
}

async function through(data: Uint8Array, coder: GenericTransformStream): Promise<Uint8Array> {
  const stream = new Blob([data as BlobPart]).stream().pipeThrough(coder as ReadableWritablePair<Uint8Array>);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
