/** Launchers pass a signal on that the terminal has sent already: what comes within this many milliseconds is one Ctrl-C. */
const onePress = 1000;

/** Runs a body that Ctrl-C ends in order, through its signal; a second Ctrl-C ends the process at once. */
export async function untilInterrupted<T>(
  say: (text: string) => void,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  let pressed = Number.NaN;
  const onInterrupt = () => {
    if (performance.now() - pressed > onePress) process.exit(130);
    if (controller.signal.aborted) return;
    pressed = performance.now();
    controller.abort('interrupted');
    say('\nStopping after this step, then scoring and saving; Ctrl-C again quits at once.\n');
  };
  process.on('SIGINT', onInterrupt);
  try {
    return await body(controller.signal);
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}
