import { describe, expect, it } from 'vitest';
import {
  type Descriptor,
  descriptorText,
  readDescriptor,
} from '../../../../functions/core/oci/descriptor.ts';
import { parseDigest } from '../../../../functions/core/oci/digest.ts';

const digest = parseDigest(`sha256:${'a'.repeat(64)}`);
if (digest === undefined) throw new Error('a digest was expected');
const short: Descriptor = { mediaType: `application/${'x'.repeat(243)}`, digest, size: 7 };

describe('a descriptor in an index', () => {
  it('is whole up to 100,000 characters', () => {
    const empty = { ...short, annotations: { note: '' } };
    const room = 100_000 - JSON.stringify(empty).length;
    const whole = { ...short, annotations: { note: 'x'.repeat(room) } };
    expect(readDescriptor(JSON.parse(descriptorText(whole)))).toEqual(whole);
    const longer = { ...short, annotations: { note: 'x'.repeat(room + 1) } };
    expect(readDescriptor(JSON.parse(descriptorText(longer)))).toEqual(short);
  });

  it('loses its URLs too, and is then short', () => {
    const urls = Array.from({ length: 5000 }, (_, at) => `https://example.com/${at}`);
    expect(JSON.parse(descriptorText({ ...short, urls }))).toEqual(short);
    const made = descriptorText({ ...short, mediaType: 'x'.repeat(200_000) });
    expect(JSON.parse(made)).toEqual({ ...short, mediaType: '' });
  });
});
