import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isRepositoryName,
  RepositoryPattern,
  registryRange,
  repositoryKey,
  repositoryOf,
} from '../../../../functions/core/oci/repository.ts';

/** `<name>` as distribution-spec §Pulling manifests writes it. */
const grammar = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;

describe('repository name', () => {
  it('is what the grammar allows, up to 255 characters', () => {
    const nearly = fc.string({
      unit: fc.constantFrom('a', 'b', '0', '.', '_', '-', '/', 'A'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.oneof(nearly, fc.stringMatching(grammar), fc.string()), (text) => {
        expect(isRepositoryName(text)).toBe(text.length <= 255 && grammar.test(text));
      }),
    );
  });

  it('is at most 255 characters long', () => {
    expect(isRepositoryName('a'.repeat(255))).toBe(true);
    expect(isRepositoryName('a'.repeat(256))).toBe(false);
  });

  it('is never a path that leaves its folder', () => {
    for (const text of [
      '..',
      '../a',
      'a/..',
      'a/../b',
      '/a',
      'a/',
      'a//b',
      'a\\b',
      'a\0b',
      'a\n',
    ]) {
      expect(isRepositoryName(text), text).toBe(false);
    }
  });

  it('is checked quickly, even if it is hostile', () => {
    // Milliseconds, also on a busy machine: a pattern that backtracks would take hours.
    const started = performance.now();
    for (let i = 0; i < 200; i++) isRepositoryName(`${'a-'.repeat(126)}!`);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('has one key with its registry', () => {
    const repository = { registry: 'docker.io', name: 'library/alpine' };
    expect(repositoryKey(repository)).toBe('docker.io/library/alpine');
  });

  it('is restored from its key', () => {
    const registry = fc.constantFrom('docker.io', 'docker.io:5000', 'docker', '[::1]:5000');
    fc.assert(
      fc.property(fc.record({ registry, name: fc.stringMatching(grammar) }), (repository) => {
        expect(repositoryOf(repositoryKey(repository))).toEqual(repository);
      }),
    );
  });

  it('lies in the range of its registry and in no other', () => {
    const registries = ['docker.io', 'docker.io:5000', 'docker', 'docker.io.example'];
    for (const registry of registries) {
      const key = repositoryKey({ registry, name: 'library/app' });
      const holding = registries.filter((one) => {
        const { start, end } = registryRange(one);
        return start < key && key < end;
      });
      expect(holding).toEqual([registry]);
    }
  });
});

describe('repository pattern', () => {
  const cases: readonly [string, string, boolean][] = [
    ['library/*', 'library/alpine', true],
    ['library/*', 'library/alpine/edge', false],
    ['library/*', 'other/library/alpine', false],
    ['library/**', 'library/alpine/edge', true],
    ['library/**', 'library', false],
    ['**', 'any/thing/at/all', true],
    ['a.b/c', 'a.b/c', true],
    ['a.b/c', 'axb/c', false],
    ['owner/app-*', 'owner/app-1', true],
    ['owner/app-*', 'owner/app', false],
    ['*/app', 'owner/app', true],
    ['*/app', 'owner/group/app', false],
  ];
  it.each(cases)('%s on %s is %s', (glob, name, expected) => {
    expect(new RepositoryPattern(glob).test(name)).toBe(expected);
  });

  it('without a star matches only itself', () => {
    const text = fc.string().filter((one) => !one.includes('*'));
    fc.assert(
      fc.property(text, text, (glob, name) => {
        expect(new RepositoryPattern(glob).test(name)).toBe(glob === name);
        expect(new RepositoryPattern(glob).test(glob)).toBe(true);
      }),
    );
  });

  it('matches as a regular expression would', () => {
    const part = fc.constantFrom('a', 'b', '-', '/', '*', '**');
    const glob = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''));
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', '/'), maxLength: 12 });
    fc.assert(
      fc.property(glob, name, (one, text) => {
        const parts = one.split(/(\*\*|\*)/);
        const source = parts.map((each) => ({ '**': '.*', '*': '[^/]*' })[each] ?? each).join('');
        const expected = new RegExp(`^${source}$`).test(text);
        expect(new RepositoryPattern(one).test(text), `${one} on ${text}`).toBe(expected);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each(['team/*-*-*-*-*-*-*/app', '**-**-**-**-**-**-**/x', '**/*-*-*-**-*-*-**!'])(
    '%s is checked quickly, even on a hostile name',
    (glob) => {
      const pattern = new RepositoryPattern(glob);
      const started = performance.now();
      expect(pattern.test(`team/${'a-'.repeat(123)}b`)).toBe(false);
      expect(performance.now() - started).toBeLessThan(200);
    },
  );
});
