import { expect, test } from 'vitest';
import { mutationsOf } from './mutations.ts';

function mutantsOf(source: string): string[] {
  return mutationsOf('file.ts', source).map(
    ({ start, end, text }) => source.slice(0, start) + text + source.slice(end),
  );
}

test.each([
  ['x = a < b;', [';', 'x = (a) <= (b);', 'x = (a) >= (b);']],
  ['x = a === b;', [';', 'x = (a) !== (b);']],
  ['x = a ?? b;', [';', 'x = a;']],
  ['x = a || b;', [';', 'x = (a) && (b);']],
  ['const x = a ? b : c;', ['const x = true ? b : c;', 'const x = false ? b : c;']],
  ['if (a) b();', ['if (true) b();', 'if (false) b();', 'if (a) ;']],
  ['while (a) b();', ['while (false) b();', 'while (a) ;']],
  ['const x = !a;', ['const x = a;']],
  ['const x = true;', ['const x = false;']],
  ['i++;', [';', 'i--;']],
  ['x += 1;', [';', 'x -= 1;']],
  ['throw a;', [';']],
  ['await a();', [';']],
  ['const x = Math.min(a, b);', ['const x = Math.max(a, b);']],
  ['const x = a.filter(b);', ['const x = a;']],
])('the mutants of %s', (source, expected) => {
  expect(mutantsOf(source)).toEqual(expected);
});

test.each([
  "'use strict';",
  'type A = true;',
  'interface A { readonly a: false }',
  'const a = 10;',
  'class A extends B { constructor() { super(); } }',
])('%s has none', (source) => {
  expect(mutantsOf(source)).toEqual([]);
});

test('a mutation says its line and what it changes', () => {
  expect(mutationsOf('file.ts', 'const a = 1;\nconst b = !\n  a;\n')).toEqual([
    { start: 23, end: 28, text: 'a', line: 2, change: '! a -> a' },
  ]);
});
