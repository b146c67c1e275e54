const LONGEST_MS = 100;

/** Lets timers, signals and the page have a turn every 100 ms: a synchronous backend would starve them. */
export function createBreath(): () => Promise<void> {
  let last = Date.now();
  return async () => {
    if (Date.now() - last < LONGEST_MS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    last = Date.now();
  };
}
