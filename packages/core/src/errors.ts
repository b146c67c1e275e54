/** An error with a stable code `GW_<AREA>_<WHAT>`; its message says what was got, what was wanted and the likely fix. */
export class GatewiseError extends Error {
  override readonly name = 'GatewiseError';
  constructor(
    readonly code: `GW_${string}`,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${message}`, options);
  }
}
