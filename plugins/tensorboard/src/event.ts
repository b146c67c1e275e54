import { PbfWriter } from 'pbf';
import type { Histogram } from './histogram.js';

/** One entry of an event file: tensorflow.Event, as far as it is used here. */
export interface Event {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  readonly what:
    | { readonly version: string }
    | { readonly values: readonly Value[] }
    /** What was written before, for later steps, no longer counts. */
    | { readonly restart: true };
}
export interface Value {
  readonly tag: string;
  readonly content:
    | { readonly scalar: number }
    | { readonly histogram: Histogram }
    | { readonly text: string };
}

/** The numbers of the fields, from TensorFlow's event.proto, summary.proto and tensor.proto. */
export function encodeEvent({ wallTime, step, what }: Event): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeDoubleField(1, wallTime);
  pbf.writeVarintField(2, step);
  if ('version' in what) pbf.writeStringField(3, what.version);
  else if ('values' in what) pbf.writeMessage(5, writeSummary, what.values);
  // SessionLog { status: START }
  else pbf.writeMessage(7, (status: number, out: PbfWriter) => out.writeVarintField(1, status), 1);
  return pbf.finish();
}

function writeSummary(values: readonly Value[], pbf: PbfWriter): void {
  for (const value of values) pbf.writeMessage(1, writeValue, value);
}

function writeValue({ tag, content }: Value, pbf: PbfWriter): void {
  pbf.writeStringField(1, tag);
  if ('scalar' in content) pbf.writeFloatField(2, content.scalar);
  else if ('histogram' in content) pbf.writeMessage(5, writeHistogram, content.histogram);
  else {
    pbf.writeMessage(8, writeText, content.text);
    pbf.writeMessage(9, writeMetadata, 'text');
  }
}

function writeHistogram(
  { min, max, num, sum, sumOfSquares, limits, counts }: Histogram,
  pbf: PbfWriter,
): void {
  for (const [i, value] of [min, max, num, sum, sumOfSquares].entries()) pbf.writeDoubleField(i + 1, value);
  pbf.writePackedDouble(6, [...limits]);
  pbf.writePackedDouble(7, [...counts]);
}

/** A tensor of one string: dtype DT_STRING, shape [1]. */
function writeText(text: string, pbf: PbfWriter): void {
  pbf.writeVarintField(1, 7);
  pbf.writeMessage(2, writeShape, 1);
  pbf.writeStringField(8, text);
}
function writeShape(size: number, pbf: PbfWriter): void {
  pbf.writeMessage(2, (n: number, dim: PbfWriter) => dim.writeVarintField(1, n), size);
}

/** SummaryMetadata { plugin_data: { plugin_name } } */
function writeMetadata(plugin: string, pbf: PbfWriter): void {
  pbf.writeMessage(1, (name: string, data: PbfWriter) => data.writeStringField(1, name), plugin);
}
