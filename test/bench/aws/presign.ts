import { nodeHashing } from '../../../functions/aws/sdk/aws-credentials.ts';
import { createSigner } from '../../../functions/core/signing/presigner.ts';
import { median } from '../statistics.ts';

const rounds = 5;
const urls = 20_000;

/** What a new signed URL costs with the credentials of a role, in µs. */
export function measurePresign(): number {
  const credentials = {
    accessKeyId: 'ASIAEXAMPLE',
    secretAccessKey: 'no/secret+here',
    sessionToken: 'x'.repeat(900),
  };
  const signer = createSigner({
    region: 'us-east-1',
    credentials: () => credentials,
    now: Date.now,
    hashing: nodeHashing,
  });
  const base = 'https://pullfront-blobs.s3.us-east-1.amazonaws.com/blobs/sha256/ab/';
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    for (let at = 0; at < urls; at++) {
      const url = new URL(base + String(at).padStart(64, 'a'));
      if (signer.presign({ method: 'GET', url, lifeSeconds: 1200 }) instanceof Promise) {
        throw new Error('signing waited for credentials');
      }
    }
    times.push(((performance.now() - began) / urls) * 1000);
  }
  return median(times);
}
