import { expect, it } from 'vitest';
import { didYouMean } from './index.js';

it('names the one that comes near, and keeps quiet otherwise', () => {
  const names = ['lstm', 'gru', 'vanilla'];
  expect(didYouMean('gur', names)).toBe('; did you mean "gru"?');
  expect(didYouMean('LSTMs', names)).toBe('; did you mean "lstm"?');
  expect(didYouMean('steps', ['step'], '--')).toBe('; did you mean "--step"?');
  expect(didYouMean('transformer', names)).toBe('');
});
