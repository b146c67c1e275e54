import { learnsNumbers } from './training.js';

/** Trains as the page does; says null, or why it failed. */
learnsNumbers().then(
  () => postMessage(null),
  (error: Error) => postMessage(`${error.stack}`),
);
