import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseChallenges } from '../../../../functions/core/headers/www-authenticate.ts';

function parsed(header: string | null) {
  return parseChallenges(header).map(({ scheme, parameters, token68 }) => ({
    scheme,
    ...Object.fromEntries(parameters),
    ...(token68 !== undefined && { token68 }),
  }));
}

describe('WWW-Authenticate', () => {
  test.each<[string, string, object[]]>([
    [
      'Docker Hub',
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull"',
      [
        {
          scheme: 'bearer',
          realm: 'https://auth.docker.io/token',
          service: 'registry.docker.io',
          scope: 'repository:library/alpine:pull',
        },
      ],
    ],
    [
      'two on one line (quay.io)',
      'Basic realm="quay", Bearer realm="https://quay.io/v2/auth", service="quay.io"',
      [
        { scheme: 'basic', realm: 'quay' },
        { scheme: 'bearer', realm: 'https://quay.io/v2/auth', service: 'quay.io' },
      ],
    ],
    [
      'a comma within quotes',
      'Bearer realm="https://a/t",scope="repository:x:pull,push"',
      [{ scheme: 'bearer', realm: 'https://a/t', scope: 'repository:x:pull,push' }],
    ],
    [
      'a challenge within quotes is none',
      'Basic realm="Bearer realm=\\"https://evil/\\""',
      [{ scheme: 'basic', realm: 'Bearer realm="https://evil/"' }],
    ],
    ['escapes', 'Basic realm="a\\"b\\\\c"', [{ scheme: 'basic', realm: 'a"b\\c' }]],
    [
      'any case, blanks',
      'BEARER  Realm = "x" ,  SERVICE=y',
      [{ scheme: 'bearer', realm: 'x', service: 'y' }],
    ],
    [
      'token68',
      'Negotiate dG9rZW4=, Basic realm="r"',
      [
        { scheme: 'negotiate', token68: 'dG9rZW4=' },
        { scheme: 'basic', realm: 'r' },
      ],
    ],
    ['no parameters', 'Negotiate, NTLM', [{ scheme: 'negotiate' }, { scheme: 'ntlm' }]],
    [
      'a URL without quotes',
      'Bearer realm=https://a/t?x=1,service=s',
      [{ scheme: 'bearer', realm: 'https://a/t?x=1', service: 's' }],
    ],
    [
      'the first of two equal names',
      'Basic realm="a",realm="b"',
      [{ scheme: 'basic', realm: 'a' }],
    ],
    ['an open quote', 'Basic realm="abc\\', [{ scheme: 'basic', realm: 'abc' }]],
    ['junk', ', ;;"Bearer realm=x" = Basic realm="r"', [{ scheme: 'basic', realm: 'r' }]],
    ['empty', '', []],
  ])('%s', (_case, header, challenges) => {
    expect(parsed(header)).toEqual(challenges);
  });

  test('no header', () => expect(parsed(null)).toEqual([]));

  test('parses what it formats', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,9}$/);
    const text = fc.string({ unit: 'grapheme-ascii', maxLength: 20 });
    const challenge = fc.record({
      scheme: fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,9}$/),
      parameters: fc.uniqueArray(fc.tuple(name, text), {
        minLength: 1,
        maxLength: 4,
        selector: ([key]) => key,
      }),
    });
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
        const header = challenges
          .map(({ scheme, parameters }) => {
            const list = parameters.map(
              ([key, value]) => `${key}="${value.replace(/["\\]/g, '\\$&')}"`,
            );
            return `${scheme} ${list.join(', ')}`;
          })
          .join(', ');
        expect(
          parseChallenges(header).map(({ scheme, parameters }) => ({
            scheme,
            parameters: [...parameters],
          })),
        ).toEqual(
          challenges.map(({ scheme, parameters }) => ({
            scheme: scheme.toLowerCase(),
            parameters,
          })),
        );
      }),
    );
  });

  test('never throws or hangs', () => {
    const pieces = fc.constantFrom('"', '\\', ',', '=', ' ', 'Bearer', 'realm', 'a', '\t', 'é');
    const junk = fc.array(pieces, { maxLength: 200 }).map((list) => list.join(''));
    fc.assert(fc.property(fc.oneof(fc.string(), junk), (text) => void parseChallenges(text)));
    for (const piece of ['"', '\\"', 'a="', 'a ', '= ', '"\\'])
      parseChallenges(piece.repeat(20_000));
  }, 5_000);
});
