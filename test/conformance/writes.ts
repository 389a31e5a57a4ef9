import { absentDigest, alpine } from './content.ts';
import { errorOf, type Section } from './exchange.ts';

const requests = [
  'POST /v2/library/alpine/blobs/uploads/',
  'POST /v2/library/alpine/blobs/uploads',
  `POST /v2/library/alpine/blobs/uploads/?mount=${absentDigest}&from=library/busybox`,
  'GET /v2/library/alpine/blobs/uploads/7b0c5c1e',
  'PATCH /v2/library/alpine/blobs/uploads/7b0c5c1e',
  'PUT /v2/library/alpine/blobs/uploads/7b0c5c1e',
  'DELETE /v2/library/alpine/blobs/uploads/7b0c5c1e',
  'PUT /v2/library/alpine/manifests/3.20',
  'DELETE /v2/library/alpine/manifests/3.20',
  `DELETE /v2/library/alpine/manifests/${alpine.index.manifest.digest}`,
  `DELETE /v2/library/alpine/blobs/${alpine.amd64.config.digest}`,
  'PUT /v2/library/alpine/manifests/3.20?ns=docker.io',
  'PUT /v2/quay.example/owner/app/manifests/v1',
  'POST /v2/',
  'DELETE /v2/library/alpine/tags/list',
  'OPTIONS /v2/library/alpine/manifests/3.20',
];

/** distribution-spec §Pushing and §Content Management: this registry is read-only. */
export const writes: Section = {
  title: 'writes',
  exchanges: [
    ...requests.map((request) => ({
      name: 'is refused',
      request,
      status: 405,
      answer: { allow: 'GET, HEAD' },
      body: errorOf('UNSUPPORTED'),
    })),
    {
      name: 'and nothing was deleted',
      request: 'GET /v2/library/alpine/manifests/3.20',
      status: 200,
      body: alpine.index.manifest.bytes,
    },
  ],
};
