import { expect, test } from 'vitest';
import { suggestion } from '../../../../functions/core/config/suggestion.ts';

test.each([
  ['lists', ['listen', 'list'], 'list'],
  ['LISTEM', ['listen'], 'listen'],
  ['a', ['b'], 'b'],
  ['a', ['bc'], undefined],
  ['abcd', ['abxy'], 'abxy'],
  ['abcd', ['axyz'], undefined],
  ['abcdefghijkl', ['abcdefghixyz'], 'abcdefghixyz'],
  ['abcdefghijkl', ['abcdefghwxyz'], undefined],
  ['word', [], undefined],
])('%s means of %j: %s', (word, candidates, meant) => {
  expect(suggestion(word, candidates)).toBe(meant);
});
