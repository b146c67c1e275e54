/** The parts of onnx.proto that a recurrent net uses; field numbers are those of ONNX. */
export interface OnnxModel {
  readonly irVersion: number;
  /** Of the default domain. */
  readonly opset: number;
  readonly producer: string;
  readonly graph: OnnxGraph;
}
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initialisers: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
}
export interface OnnxNode {
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  /** An empty name is an input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}
export type OnnxAttribute = number | string | readonly number[] | readonly string[] | OnnxTensor;
/** A constant. `whole`: its numbers are integers or truth values, and say shapes, lengths or ids. */
export interface OnnxTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
  readonly whole: boolean;
}
/** An input or output of the graph; a dimension may be a name, or unknown. */
export interface OnnxPort {
  readonly name: string;
  readonly whole: boolean;
  readonly shape: readonly (number | string | null)[];
}
