/** Runs a body that Ctrl-C ends in order, through its signal; a second Ctrl-C ends the process at once. */
export async function untilInterrupted<T>(
  say: (text: string) => void,
  body: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const onInterrupt = () => {
    if (controller.signal.aborted) process.exit(130);
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
