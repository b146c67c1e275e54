import { GatewiseError } from '@gatewise/core';

/** What a new package and its parts are called. */
export interface Names {
  /** As npm knows it: `@me/gatewise-plugin-noise`. */
  readonly package: string;
  /** As runs and checkpoints know it: `noise`. */
  readonly short: string;
  /** As code knows it: `noise`, or `classPlugin` where JavaScript or the template has that word already. */
  readonly identifier: string;
}

const pattern = /^(@[a-z0-9][a-z0-9._-]*\/)?[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const longest = 214;

/** Words of the language, and those that the templates use. */
const taken = new Set(
  `arguments async await break case catch class const continue debugger default delete do else enum eval export
  extends false finally for function if implements import in instanceof interface let new null package private
  protected public return static super switch this throw true try typeof undefined var void while with yield
  describe expect it run tf train`.split(/\s+/),
);

/** Reads a package's name. Errors: `GW_NEW_NAME`. Example: `namesOf('@me/gatewise-cell-leaky', 'cell').short` is `leaky`. */
export function namesOf(name: string, kind: string): Names {
  const fault = nameFault(name);
  if (fault !== undefined) throw new GatewiseError('GW_NEW_NAME', fault);
  const last = name.slice(name.indexOf('/') + 1);
  const short = /^(?:gatewise-)?(?:plugin-|cell-)?([a-z].*)$/.exec(last)?.[1] ?? last;
  const identifier = camelCase(short);
  return {
    package: name,
    short,
    identifier: taken.has(identifier) ? camelCase(`${short}-${kind}`) : identifier,
  };
}

/** What is wrong with a name, or nothing. */
export function nameFault(name: string): string | undefined {
  if (pattern.test(name) && name.length <= longest) return undefined;
  return `got ${JSON.stringify(name)}, wanted a name for npm: lower-case words joined by "-", a scope before them if you like, such as gradient-noise or @me/gradient-noise`;
}

export const camelCase = (words: string) =>
  words.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
