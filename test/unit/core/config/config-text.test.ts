import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readConfigText } from '../../../../functions/core/config/config-text.ts';
import { problemText } from '../../../../functions/core/config/problems.ts';

/** The value of a text, or its mistakes. */
function read(text: string): unknown {
  const result = readConfigText('f.json', text);
  const problems = 'ok' in result ? result.duplicates : result.problems;
  return 'ok' in result && problems.length === 0 ? result.ok : problems.map(problemText);
}

test.each([
  ['', ': the file is empty; {} is the shortest configuration'],
  [' \n', ': the file is empty; {} is the shortest configuration'],
  ['{', ':1:2: invalid JSON: unexpected end of file; a closing } or ] is missing'],
  ['{\n  "a": abc\n}', ':2:8: invalid JSON at "abc"; put texts in double quotes'],
  ['{"a" 1}', ':1:6: invalid JSON at "1}"; a colon is missing before this'],
  ['{"a": 1 "b": 2}', ':1:9: invalid JSON at "\\"b\\": 2}"; a comma is missing before this'],
  ['{"a": 1,,}', ':1:9: invalid JSON at ",}"; a key is missing, or a comma too many'],
  ['{"a":}', ':1:6: invalid JSON at "}"; a value is missing'],
  ["{'a': 1}", ':1:2: invalid JSON at "\'a\': 1}"; use double quotes instead of single quotes'],
  [`{"a": 'b'}`, ':1:7: invalid JSON at "\'b\'}"; use double quotes instead of single quotes'],
  ['{a: 1}', ':1:2: invalid JSON at "a: 1}"; put the key in double quotes: "a"'],
  ['{# a\n}', ':1:2: invalid JSON at "# a"; begin comments with //'],
  ['{"a": 1}}', ':1:9: invalid JSON at "}"; the configuration ends before this'],
  ['[1 2]', ':1:4: invalid JSON at "2]"; a comma is missing before this'],
  ['{"a": "b', ':1:7: invalid JSON at "\\"b"; the closing quote is missing'],
  ['{"a": "C:\\data"}', ':1:7: invalid JSON at "\\"C:\\\\data\\"}"; write each backslash twice'],
])('%j: %s', (text, expected) => {
  expect(read(text)).toEqual([`f.json${expected}`]);
});

test.each([
  ['YAML', 'listen: 127.0.0.1:5000'],
  ['YAML', '---\nupstreams:\n  ghcr.io: {}\n'],
  ['YAML', '# what is mirrored\nupstreams:\n'],
  ['YAML', 'upstreams:\n  docker.io:\n    credentials:\n      password: hunter2\n'],
  ['TOML', 'listen = "127.0.0.1:5000"'],
  ['TOML', '[upstreams."ghcr.io"]\n'],
])('%s is named: %j', (format, text) => {
  const example = '{"upstreams": {"ghcr.io": {}}}';
  expect(read(text)).toEqual([
    `f.json: this is ${format}; the configuration is JSON, such as ${example}`,
  ]);
});

test('another encoding is named', () => {
  const utf16 = Buffer.from('\uFEFF{"listen": ":5000"}', 'utf16le').toString('utf8');
  expect(read(utf16)).toEqual(['f.json: the text is not UTF-8; save the file as UTF-8']);
});

test('comments, trailing commas and a byte order mark are legal', () => {
  const text =
    '\uFEFF// what is mirrored\n{\n  "upstreams": {"ghcr.io": {},}, /* more */ "a": [1, 2,],\n}\n';
  expect(read(text)).toEqual({ upstreams: { 'ghcr.io': {} }, a: [1, 2] });
});

test('duplicate keys are reported at every depth', () => {
  const text = '{\n"a": {"b": 1, "c": 2,\n "b": 3},\n"d": [{"e": 1, "e": 2}], "a": 1}';
  expect(read(text)).toEqual([
    'f.json:3:2: duplicate key a.b; it is in line 2 too',
    'f.json:4:16: duplicate key d[0].e; it is in line 4 too',
    'f.json:4:26: duplicate key a; it is in line 2 too',
  ]);
});

test('text that may be a password is not shown', () => {
  const [mistake] = read('{"password": hunter2}') as string[];
  expect(mistake).toMatch(
    /^f\.json:1:14: invalid JSON at a string \(not shown\); put texts in double quotes$/,
  );
});

test('what is JSON is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: 'binary' }), (json) => {
      expect(structuredClone(read(json))).toEqual(JSON.parse(json));
    }),
  );
});
