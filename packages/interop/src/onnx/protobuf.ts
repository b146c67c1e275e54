import { PbfReader, PbfWriter } from 'pbf';
import { refuse } from '../errors.js';
import type { Field, Kind, Schema } from './schema.js';

type Message = Record<string, unknown>;

/** Refuses a file that is cut short, damaged or of another format. */
export function damaged(got: string): never {
  return refuse(
    'GW_IMPORT_FORMAT',
    `got ${got}, wanted an ONNX model; the file is cut short, damaged or of another format`,
  );
}

/** A message as a plain object; lengths are checked before they are used, fields outside the schema passed over. Errors: `GW_IMPORT_FORMAT`. */
export function decode(file: Uint8Array, schema: Schema): Message {
  const pbf = new PbfReader(file);
  try {
    return decodeMessage(pbf, schema, file.length);
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== undefined) throw cause;
    return damaged(`bytes that are no protocol buffer (${cause instanceof Error ? cause.message : cause})`);
  }
}

function decodeMessage(pbf: PbfReader, schema: Schema, end: number): Message {
  const message: Message = {};
  pbf.readFields(
    (tag) => {
      if (pbf.type === 2) checkLength(pbf, end);
      const field = schema[tag];
      if (!field) return;
      const [name, kind, many] = field;
      if (many) message[name] = [...((message[name] as unknown[]) ?? []), ...decodeMany(pbf, kind)];
      else message[name] = decodeOne(pbf, kind);
    },
    null,
    end,
  );
  if (pbf.pos > end) damaged(`a field that ends ${pbf.pos - end} bytes behind its message`);
  return message;
}

function checkLength(pbf: PbfReader, end: number): void {
  const start = pbf.pos;
  const length = pbf.readVarint();
  if (pbf.pos + length > end) damaged(`a field of ${length} bytes where ${end - pbf.pos} are left`);
  pbf.pos = start;
}

function decodeOne(pbf: PbfReader, kind: Kind | Schema): unknown {
  if (typeof kind === 'object') {
    const length = pbf.readVarint();
    return decodeMessage(pbf, kind, pbf.pos + length);
  }
  return {
    int: () => pbf.readVarint(true),
    float: () => pbf.readFloat(),
    double: () => pbf.readDouble(),
    text: () => pbf.readString(),
    bytes: () => pbf.readBytes(),
  }[kind]();
}

/** Numbers may come packed, all in one field. */
function decodeMany(pbf: PbfReader, kind: Kind | Schema): unknown[] {
  if (kind === 'int') return pbf.readPackedVarint([], true);
  if (kind === 'float') return pbf.readPackedFloat([]);
  if (kind === 'double') return pbf.readPackedDouble([]);
  return [decodeOne(pbf, kind)];
}

/** The bytes of a message: what the schema names, what is undefined left out. */
export function encode(message: object, schema: Schema): Uint8Array {
  const pbf = new PbfWriter();
  encodeMessage(pbf, message as Message, schema);
  return pbf.finish();
}

function encodeMessage(pbf: PbfWriter, message: Message, schema: Schema): void {
  for (const [tag, field] of Object.entries(schema) as [string, Field][]) {
    const [name, kind, many] = field;
    const value = message[name];
    if (value === undefined) continue;
    if (many && kind === 'int') pbf.writePackedVarint(Number(tag), value as number[]);
    else if (many && kind === 'float') pbf.writePackedFloat(Number(tag), value as number[]);
    else for (const one of many ? (value as unknown[]) : [value]) encodeOne(pbf, Number(tag), kind, one);
  }
}

function encodeOne(pbf: PbfWriter, tag: number, kind: Kind | Schema, value: unknown): void {
  if (typeof kind === 'object') {
    pbf.writeMessage(
      tag,
      (message: Message, inner: PbfWriter) => encodeMessage(inner, message, kind),
      value as Message,
    );
    return;
  }
  const write = {
    int: () => pbf.writeVarintField(tag, value as number),
    float: () => pbf.writeFloatField(tag, value as number),
    double: () => pbf.writeDoubleField(tag, value as number),
    text: () => pbf.writeStringField(tag, value as string),
    bytes: () => pbf.writeBytesField(tag, value as Uint8Array),
  };
  write[kind]();
}
