import { GatewiseError } from '@gatewise/core';

/** An error as plain data: a structured clone would lose its code. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
  readonly plugin?: string;
  readonly hook?: string;
  readonly cause?: PackedError;
}

const DEEPEST = 5;

export function packError(error: unknown, depth = 0): PackedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack, code, plugin, hook, cause } = error as Error & Partial<PackedError>;
  return {
    ...{ name, message },
    ...(stack !== undefined && { stack }),
    ...(typeof code === 'string' && { code }),
    ...(typeof plugin === 'string' && { plugin }),
    ...(typeof hook === 'string' && { hook }),
    ...(cause !== undefined && depth < DEEPEST && { cause: packError(cause, depth + 1) }),
  };
}

/** The error again, a GatewiseError where it was one, with name, code, plugin and hook, and the stack it had in the worker. */
export function unpackError(packed: PackedError): Error {
  const error = rebuild(packed);
  if (packed.stack !== undefined) error.stack = packed.stack;
  return error;
}

function rebuild({ name, message, code, plugin, hook, cause }: PackedError): Error {
  const options = cause && { cause: unpackError(cause) };
  if (name === 'GatewiseError' && code?.startsWith('GW_'))
    return new GatewiseError(code as `GW_${string}`, message.slice(`${code}: `.length), options);
  // A PluginError by its fields: its class would bring the container of plugins into the page.
  return Object.assign(new Error(message, options), {
    name,
    ...(code !== undefined && { code }),
    ...(plugin !== undefined && { plugin, hook }),
  });
}
