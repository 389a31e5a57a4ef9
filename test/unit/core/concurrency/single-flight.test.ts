import { describe, expect, it } from 'vitest';
import { SingleFlight } from '../../../../functions/core/concurrency/single-flight.ts';

describe('SingleFlight', () => {
  it('shares running work of one key, and its failure', async () => {
    const kept: Promise<unknown>[] = [];
    const flights = new SingleFlight<string>({ waitUntil: (work) => void kept.push(work) });
    let begun = 0;
    const work = async () => {
      begun += 1;
      if (begun === 2) throw new Error('broken');
      return String(begun);
    };
    expect(await Promise.all([flights.run('a', work), flights.run('a', work)])).toEqual(['1', '1']);
    const failing = [flights.run('a', work), flights.run('a', work)];
    for (const flight of failing) await expect(flight).rejects.toThrow('broken');
    expect(await Promise.all([flights.run('a', work), flights.run('b', work)])).toEqual(['3', '4']);
    // What keeps a flight going must not fail with it.
    await expect(Promise.all(kept)).resolves.toHaveLength(4);
  });
});
