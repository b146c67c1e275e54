/** Not zeroed: the addon writes every element, and zeros would cost a good part of its own time. */
export function unfilled(length: number): Float32Array {
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(length * Float32Array.BYTES_PER_ELEMENT);
  return new Float32Array(buffer, byteOffset, length);
}
