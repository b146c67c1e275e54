/** The path of the first Chromium that starts, or a SetupError that says what was found; GATEWISE_CHROMIUM names one. */
export function findChromium(): Promise<string>;
