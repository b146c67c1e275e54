import type { Tutorial } from '@gatewise/example-figures';
import type { Figures } from './index.js';

export const charts: Tutorial<Figures>['charts'] = ({ scores }) => ({
  scores: {
    title: 'Held-out words with the right tag',
    data: {
      values: scores.flatMap(({ tagger, all, several, unseen }) => [
        { tagger, words: 'all words', right: 100 * all },
        { tagger, words: 'with several tags', right: 100 * several },
        { tagger, words: 'never seen', right: 100 * unseen },
      ]),
    },
    ...{ width: 380, height: { step: 22 }, mark: 'bar' },
    encoding: {
      y: { field: 'words', sort: null, title: null },
      yOffset: { field: 'tagger', sort: null },
      x: { field: 'right', type: 'quantitative', title: 'right, % of words', scale: { domain: [0, 100] } },
      color: { field: 'tagger', sort: null, title: 'tagger' },
    },
  },
});
