import type { Descriptor } from '../../oci/descriptor.ts';

/** What an object with a digest takes, in bytes. */
const descriptorBytes = 300;

/** What a key and its value take besides their letters, in bytes. */
const entryBytes = 100;

/** About what descriptors take in memory at most, in bytes: two for a letter. */
export function descriptorsBytes(descriptors: readonly Descriptor[]): number {
  let bytes = 0;
  for (const { mediaType, artifactType = '', annotations = {}, urls = [] } of descriptors) {
    const texts = [mediaType, artifactType, ...urls];
    for (const [name, value] of Object.entries(annotations)) texts.push(name, value);
    bytes += descriptorBytes + texts.length * entryBytes;
    for (const text of texts) bytes += text.length * 2;
  }
  return bytes;
}
