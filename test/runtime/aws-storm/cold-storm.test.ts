import { describe, expect, it } from 'vitest';
import { ColdStorm } from './cold-storm.ts';

describe('a cold image that many instances pull at the same moment', () => {
  it.each([1, 100, 1000, 3000])(
    'costs %d of them one manifest GET, and one request a blob',
    async (count) => {
      const storm = new ColdStorm();
      const instances = Array.from({ length: count }, () => storm.open());
      const began = storm.time.now();
      expect(await storm.pull(instances)).toEqual([]);
      expect(storm.asked()).toEqual({
        'HEAD manifest': 1,
        'GET manifest': 1,
        'LOCATE blob': 9,
      });
      expect(storm.queued).toBe(9);
      expect(storm.time.now() - began).toBeLessThan(3_000);
      // Each writes the tag, and asks for ten leases at most; who waits for one reads.
      const { units } = storm.table;
      expect(units.written).toBeLessThan(12 * count + 100);
      expect(units.read).toBeLessThan(50 * count + 100);
    },
  );

  it('is not fetched by all when its first GET hangs', async () => {
    const storm = new ColdStorm();
    storm.upstream.hanging = 1;
    const instances = Array.from({ length: 200 }, () => storm.open());
    const began = storm.time.now();
    expect(await storm.pull(instances, instances.length - 1)).toEqual([]);
    expect(storm.asked()).toEqual({ 'HEAD manifest': 1, 'GET manifest': 2, 'LOCATE blob': 9 });
    expect(storm.time.now() - began).toBeLessThan(9_000);
  });
});
