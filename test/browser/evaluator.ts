import type { CDPSession, Page as Tab } from 'playwright-core';

const limit = 100_000; // ms, less than a test has

/**
 * Evaluates expressions in a page by the protocol itself: playwright's own evaluate makes code from text in the page,
 * which a policy forbids. Once the page has crashed, or one expression has not ended in time, all others fail at once.
 */
export function evaluator(tab: Tab, session: CDPSession): (expression: string) => Promise<unknown> {
  let lose: (error: Error) => void = () => {};
  const lost = new Promise<never>((_, fail) => {
    lose = fail;
  });
  lost.catch(() => {}); // told by whatever waits for the page
  tab.on('crash', () => lose(new Error('the page crashed')));
  return async (expression) => {
    const text = `the page has not answered for ${limit / 1000} s: ${expression}`;
    const timer = setTimeout(() => lose(new Error(text)), limit);
    try {
      const options = { awaitPromise: true, returnByValue: true };
      const answer = session.send('Runtime.evaluate', { expression, ...options });
      const { result, exceptionDetails } = await Promise.race([answer, lost]);
      if (exceptionDetails === undefined) return result.value;
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    } finally {
      clearTimeout(timer);
    }
  };
}
