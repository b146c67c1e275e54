import { GatewiseError } from '@gatewise/core';

/** Some of all, by name or by question. */
export type Names = readonly string[] | ((name: string) => boolean);

export const chosenBy = (names: Names, name: string): boolean =>
  typeof names === 'function' ? names(name) : names.includes(name);

/** Errors: `GW_REGULARISE_OPTIONS`. */
export function checkedRate<T extends { readonly rate: number }>(options: T): T {
  const { rate } = options ?? {};
  if (typeof rate === 'number' && rate > 0 && Number.isFinite(rate)) return options;
  throw new GatewiseError(
    'GW_REGULARISE_OPTIONS',
    `got rate ${rate}, wanted a finite number above 0, such as 1e-4`,
  );
}
