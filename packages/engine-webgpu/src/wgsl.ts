import type { Kernel } from './device.js';

/** A parameter of a kernel: u32, or f32 with the suffix `:f32`. */
export type Parameters = readonly string[];

/** A kernel from its parts. Buffers are arrays of f32, or of the type after the colon: `ids:i32`. */
export function kernel(parts: {
  readonly parameters: Parameters;
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** Functions and workgroup variables. */
  readonly head?: string;
  readonly threads: number;
  readonly body: string;
}): Kernel {
  const { parameters, read, write, head = '', threads, body } = parts;
  const typed = (name: string, otherwise: string) => {
    const [word, type = otherwise] = name.split(':');
    return [word!, type] as const;
  };
  const fields = parameters.map((name) => typed(name, 'u32').join(': ')).join(', ');
  const buffer = (access: string) => (name: string, at: number) => {
    const [word, type] = typed(name, 'f32');
    return `@group(0) @binding(${at}) var<storage, ${access}> ${word}: array<${type}>;`;
  };
  const code = [
    `struct Parameters { ${fields} }`,
    '@group(0) @binding(0) var<uniform> P: Parameters;',
    ...read.map((name, k) => buffer('read')(name, 1 + k)),
    ...write.map((name, k) => buffer('read_write')(name, 1 + read.length + k)),
    head,
    `@compute @workgroup_size(${threads})`,
    'fn main(@builtin(local_invocation_id) local: vec3<u32>, @builtin(workgroup_id) group: vec3<u32>) {',
    body,
    '}',
  ].join('\n');
  return { code, buffers: [...read.map(() => 'read' as const), ...write.map(() => 'write' as const)] };
}

/** Values of parameters, in the order of their names. */
export function parameterData(parameters: Parameters, values: Readonly<Record<string, number>>): ArrayBuffer {
  const data = new DataView(new ArrayBuffer(16 * Math.ceil(parameters.length / 4)));
  parameters.forEach((name, k) => {
    const [word, type] = name.split(':');
    if (type === 'f32') data.setFloat32(4 * k, values[word!]!, true);
    else data.setUint32(4 * k, values[word!]!, true);
  });
  return data.buffer as ArrayBuffer;
}
