/** Untyped in the package itself. */
declare module 'crc-32/crc32c.js' {
  const crc32c: {
    /** CRC-32C of the bytes, signed. */
    buf(bytes: Uint8Array): number;
  };
  export = crc32c;
}
