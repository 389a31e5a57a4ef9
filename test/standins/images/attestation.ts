import { contentOf, type Descriptor, jsonContent } from './content.ts';
import { type Image, makeArtifact, makeImage } from './image.ts';
import type { IndexChild } from './image-index.ts';

/** The attestation child that BuildKit puts beside an image in its index: an in-toto statement. */
export function attestationOf(subject: Descriptor): IndexChild {
  const statement = jsonContent(
    {
      _type: 'https://in-toto.io/Statement/v0.1',
      predicateType: 'https://slsa.dev/provenance/v0.2',
      subject: [{ name: 'image', digest: { sha256: subject.digest.slice('sha256:'.length) } }],
      predicate: {},
    },
    'application/vnd.in-toto+json',
  );
  const item = makeImage({
    layers: [{ ...statement, diffId: statement.digest }],
    architecture: 'unknown',
  });
  return {
    item,
    platform: 'unknown/unknown',
    annotations: {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': subject.digest,
    },
  };
}

/** An artifact that refers to `subject`, as a signing tool pushes it; `text` tells several apart. */
export function signatureOf(
  subject: Descriptor,
  artifactType = 'application/vnd.dev.sigstore.bundle.v0.3+json',
  text = 'signature',
): Image {
  return makeArtifact({
    artifactType,
    subject,
    layers: [contentOf(Buffer.from(text), artifactType)],
    annotations: { 'org.opencontainers.image.created': '2026-01-01T00:00:00Z' },
  });
}
