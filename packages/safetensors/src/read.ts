import { GatewiseError } from '@gatewise/core';
import { bytesOf, checkDType, type Entry, sizeOf } from './entry.js';
import { repeatedKey } from './repeated-key.js';

/** What a file holds. */
export interface Contents {
  /** In the order of the header. Their data are views of the file's bytes. */
  readonly tensors: ReadonlyMap<string, Entry>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** The most that the format allows. */
const LARGEST_HEADER = 100_000_000;
const METADATA = '__metadata__';

/**
 * Reads a file: u64 N, little-endian; N bytes of JSON; the tensors' bytes. All is checked before anything is given back.
 * Errors: `GW_SAFETENSORS_HEADER`, `GW_SAFETENSORS_DTYPE`, `GW_SAFETENSORS_SHAPE`, `GW_SAFETENSORS_OFFSETS`.
 * Source: the format of Hugging Face's safetensors.
 *
 * @example const { tensors } = readSafetensors(await readFile('model.safetensors'));
 */
export function readSafetensors(file: Uint8Array): Contents {
  const { header, begin } = readHeader(file);
  const bytes = file.subarray(begin);
  const tensors = new Map<string, Entry>();
  const spans: Span[] = [];
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [name, value] of Object.entries(header)) {
    if (name === METADATA) {
      metadata = readMetadata(value);
      continue;
    }
    const { entry, span } = readEntry(name, value, bytes);
    tensors.set(name, entry);
    spans.push(span);
  }
  checkSpans(spans, bytes.byteLength);
  return { tensors, metadata };
}

interface Span {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

function refuse(what: 'HEADER' | 'OFFSETS', message: string): never {
  throw new GatewiseError(
    `GW_SAFETENSORS_${what}`,
    `${message}; the file is damaged, cut off, or no safetensors file`,
  );
}

function readHeader(file: Uint8Array): { header: Record<string, unknown>; begin: number } {
  if (file.byteLength < 8) refuse('HEADER', `got ${file.byteLength} bytes, wanted at least 8`);
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  if (length > LARGEST_HEADER || length > file.byteLength - 8) {
    refuse(
      'HEADER',
      `got a header of ${length} bytes in a file of ${file.byteLength}, wanted at most ${LARGEST_HEADER}, within the file`,
    );
  }
  const begin = 8 + Number(length);
  const header = parse(file.subarray(8, begin));
  return { header, begin };
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  if (bytes[0] !== 0x7b) refuse('HEADER', 'got a header that does not begin with {, wanted a JSON object');
  let header: unknown;
  let text = '';
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    refuse('HEADER', `got a header that is no JSON (${(error as Error).message.slice(0, 80)})`);
  }
  const twice = repeatedKey(text);
  if (twice !== undefined) refuse('HEADER', `got the name ${JSON.stringify(twice)} twice, wanted each once`);
  return header as Record<string, unknown>;
}

function readMetadata(value: unknown): ReadonlyMap<string, string> {
  const entries = isObject(value) ? Object.entries(value) : undefined;
  if (!entries?.every((entry): entry is [string, string] => typeof entry[1] === 'string')) {
    return refuse('HEADER', `got other ${METADATA} than texts by name`);
  }
  return new Map(entries);
}

function readEntry(name: string, value: unknown, bytes: Uint8Array): { entry: Entry; span: Span } {
  const said = JSON.stringify(name.slice(0, 200));
  const fields = isObject(value) ? Object.keys(value).sort().join(' ') : typeof value;
  if (fields !== 'data_offsets dtype shape') {
    refuse('HEADER', `got ${fields} of ${said}, wanted dtype, shape and data_offsets`);
  }
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  checkDType(dtype, said);
  if (!isNumbers(shape)) refuse('HEADER', `got another shape of ${said} than a list of numbers`);
  const wanted = sizeOf(shape, said) * bytesOf[dtype];
  const [begin, end] = isNumbers(offsets) && offsets.length === 2 ? (offsets as [number, number]) : [-1, -1];
  const within = Number.isSafeInteger(begin) && Number.isSafeInteger(end) && begin >= 0;
  if (!within || end > bytes.byteLength || end - begin !== wanted) {
    refuse(
      'OFFSETS',
      `got the bytes ${JSON.stringify(offsets)} of ${said}, wanted ${wanted} bytes, [${shape}] ${dtype}, within the ${bytes.byteLength} that follow`,
    );
  }
  return { entry: { dtype, shape, data: bytes.subarray(begin, end) }, span: { name, begin, end } };
}

/** One after the other, from the first byte to the last. */
function checkSpans(spans: readonly Span[], length: number): void {
  let at = 0;
  for (const { name, begin, end } of [...spans].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at)
      refuse('OFFSETS', `got "${name}" from byte ${begin}, wanted it from ${at}, where the one before ends`);
    at = end;
  }
  if (at !== length) refuse('OFFSETS', `got ${length} bytes of tensors, wanted ${at}, as the header says`);
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => typeof n === 'number');
