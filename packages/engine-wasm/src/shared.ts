const HEADER = 8;
const IMPORTS = 2;
const MEMORY = 2;
const MOST_PAGES = 65536;

/**
 * The same module over memory that threads share: the limits of the imported memory become `shared`, with a maximum. The
 * code is the same, since it waits for nobody.
 */
export function toShared(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let at = HEADER;
  const number = (): number => {
    let [value, shift, byte] = [0, 0, 0];
    do {
      byte = bytes[at++]!;
      value |= (byte & 127) << shift;
      shift += 7;
    } while (byte & 128);
    return value >>> 0;
  };
  while (bytes[at] !== IMPORTS) {
    at++;
    const size = number();
    at += size;
  }
  const section = at++;
  const size = number();
  const body = at;
  number(); // one import: the memory
  for (let name = 0; name < 2; name++) {
    const length = number();
    at += length;
  }
  if (bytes[at++] !== MEMORY) throw new Error('the module imports something else than its memory');
  const limits = at;
  const hasMost = bytes[at++]! & 1;
  const least = number();
  if (hasMost) number();
  const changed = [3, ...leb(least), ...leb(MOST_PAGES)];
  const head = [...bytes.subarray(body, limits), ...changed, ...bytes.subarray(at, body + size)];
  return Uint8Array.from([
    ...bytes.subarray(0, section),
    IMPORTS,
    ...leb(head.length),
    ...head,
    ...bytes.subarray(body + size),
  ]);
}

/** A number in LEB128. */
function leb(value: number): number[] {
  const out: number[] = [];
  do {
    const low = value & 127;
    value >>>= 7;
    out.push(value > 0 ? low | 128 : low);
  } while (value > 0);
  return out;
}
