import { alpine, app } from './content.ts';
import { type Exchange, errorOf, type Section } from './exchange.ts';

const index = { status: 200, body: alpine.index.manifest.bytes };
const image = { status: 200, body: app.manifest.bytes };

function unknown(name: string, request: string): Exchange {
  const answer = { 'oci-namespace': undefined };
  return { name, request, status: 404, answer, body: errorOf('NAME_UNKNOWN') };
}

/** distribution-spec §Registry Proxying: `ns`. */
export const proxying: Section = {
  title: 'proxying',
  exchanges: [
    {
      name: 'ns chooses the registry',
      request: 'GET /v2/owner/app/manifests/v1?ns=ghcr.io',
      ...image,
      answer: { 'oci-namespace': 'ghcr.io' },
      alsoHead: true,
    },
    {
      name: 'ns wins over the default',
      request: 'GET /v2/library/alpine/manifests/3.20?ns=ghcr.io',
      status: 404,
      answer: { 'oci-namespace': 'ghcr.io' },
      body: errorOf('MANIFEST_UNKNOWN'),
    },
    {
      name: 'the default by its name',
      request: 'GET /v2/library/alpine/manifests/3.20?ns=docker.io',
      ...index,
      answer: { 'oci-namespace': 'docker.io' },
    },
    ...['registry-1.docker.io', 'index.docker.io', 'Docker.IO'].map((ns) => ({
      name: 'another name of Docker Hub, answered as it was written',
      request: `GET /v2/library/alpine/manifests/3.20?ns=${ns}`,
      ...index,
      answer: { 'oci-namespace': ns },
    })),
    {
      name: 'short names are in library/ at docker.io',
      request: 'GET /v2/alpine/manifests/3.20?ns=docker.io',
      ...index,
    },
    {
      name: 'and nowhere else',
      request: 'GET /v2/app/manifests/v1?ns=ghcr.io',
      status: 404,
      body: errorOf('MANIFEST_UNKNOWN'),
    },
    {
      name: 'an empty ns is none',
      request: 'GET /v2/library/alpine/manifests/3.20?ns=',
      ...index,
      answer: { 'oci-namespace': undefined },
    },
    {
      name: 'a prefix that says the same',
      request: 'GET /v2/ghcr.io/owner/app/manifests/v1?ns=ghcr.io',
      ...image,
      answer: { 'oci-namespace': 'ghcr.io' },
    },
    {
      name: 'a prefix that says the same by another name',
      request: 'GET /v2/index.docker.io/library/alpine/manifests/3.20?ns=docker.io',
      ...index,
    },
    {
      name: 'after /v2, another host begins a repository of the registry that ns names',
      request: 'GET /v2/docker.io/owner/app/manifests/v1?ns=ghcr.io',
      status: 404,
      answer: { 'oci-namespace': 'ghcr.io' },
      body: errorOf('MANIFEST_UNKNOWN'),
    },
    {
      name: 'a prefix before /v2 that says otherwise',
      request: 'GET /docker.io/v2/owner/app/manifests/v1?ns=ghcr.io',
      status: 400,
      body: errorOf('NAME_INVALID'),
    },
    unknown('not configured', 'GET /v2/owner/app/manifests/v1?ns=quay.example'),
    unknown('an address', 'GET /v2/owner/app/manifests/v1?ns=127.0.0.1:5000'),
    unknown('a host in disguise', 'GET /v2/library/alpine/manifests/3.20?ns=doc%E2%84%AAer.io'),
    unknown('a header in disguise', 'GET /v2/alpine/manifests/3.20?ns=docker.io%0D%0Aset-cookie:a'),
    {
      name: 'a message that says what to do',
      request: 'GET /v2/owner/app/manifests/v1?ns=quay.example',
      status: 404,
      body: /quay\.example.*upstreams/,
    },
    {
      name: 'of several the first counts',
      request: 'GET /v2/owner/app/manifests/v1?ns=ghcr.io&ns=docker.io',
      ...image,
    },
  ],
};
