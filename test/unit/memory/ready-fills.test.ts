import { expect, it } from 'vitest';
import { idOf, ReadyFills } from '../../../functions/memory/ready-fills.ts';
import { madeDigest } from '../../contract/made-content.ts';

function job(registry: string, text: string, name = 'library/app') {
  const blob = { mediaType: 'application/octet-stream', digest: madeDigest(text), size: 1 };
  return { repository: { registry, name }, blob };
}

it('gives the jobs of a registry in their order, each once', () => {
  const ready = new ReadyFills();
  const [first, second, elsewhere] = [job('a', '1'), job('a', '2'), job('b', '1')];
  for (const one of [first, second, elsewhere, { ...first }]) ready.add(one);
  expect(ready.registries()).toEqual(['a', 'b']);
  expect(ready.take('a')).toEqual(first);
  expect(ready.registries()).toEqual(['a', 'b']);
  expect(ready.take('a')).toEqual(second);
  expect(ready.registries()).toEqual(['b']);
  expect(ready.take('a')).toBeUndefined();
  expect(ready.take('b')).toEqual(elsewhere);
  expect(ready.registries()).toEqual([]);
});

it('tells jobs apart by the repository and the blob', () => {
  const ids = [job('a', '1'), job('a', '2'), job('b', '1'), job('a', '1', 'other')].map(idOf);
  expect(new Set(ids).size).toBe(4);
  expect(idOf(job('a', '1'))).toBe(ids[0]);
});
