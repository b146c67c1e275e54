import type { PageBackend } from './backend.js';
import { learnsWords } from './training.js';

/** Trains on the backend that its address names; says null, or why it failed. */
learnsWords(location.search.slice(1) as PageBackend).then(
  () => postMessage(null),
  (error: Error) => postMessage(`${error.stack}`),
);
