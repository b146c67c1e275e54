/** The example's own size and alphabet, with little text scored and written at its end, which is not timed. */
export const quickstartSize = { units: 128, batch: 32, time: 50, symbols: 90, heldOut: 3200, sample: 20 };
