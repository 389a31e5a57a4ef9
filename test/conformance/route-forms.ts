import { alpine, app, oddName } from './content.ts';
import { type Exchange, errorOf, type Section } from './exchange.ts';

const index = alpine.index.manifest;
const image = app.manifest;

function found(name: string, request: string, body: Uint8Array): Exchange {
  return { name, request: `GET ${request}`, status: 200, body };
}

/** How clients spell the same thing: root, prefix before or after `/v2`, percent-encoding. */
export const routeForms: Section = {
  title: 'forms of routes',
  exchanges: [
    found('the root', '/v2/library/alpine/manifests/3.20', index.bytes),
    found('a short name', '/v2/alpine/manifests/3.20', index.bytes),
    found('a prefix after /v2', '/v2/ghcr.io/owner/app/manifests/v1', image.bytes),
    found('a prefix before /v2', '/ghcr.io/v2/owner/app/manifests/v1', image.bytes),
    found('a prefix with an owner', '/ghcr.io/owner/v2/app/manifests/v1', image.bytes),
    found('an owner as prefix', '/library/v2/alpine/manifests/3.20', index.bytes),
    found('the default as prefix', '/v2/docker.io/library/alpine/manifests/3.20', index.bytes),
    found('a short name with a prefix', '/docker.io/v2/alpine/manifests/3.20', index.bytes),
    found('an alias', '/v2/registry-1.docker.io/library/alpine/manifests/3.20', index.bytes),
    found('an alias before /v2', '/index.docker.io/v2/alpine/manifests/3.20', index.bytes),
    found('endpoints in a name', `/v2/${oddName}/manifests/latest`, image.bytes),
    found('a blob there', `/v2/${oddName}/blobs/${app.config.digest}`, app.config.bytes),
    {
      name: 'tags there',
      request: `GET /v2/${oddName}/tags/list`,
      status: 200,
      body: { json: { name: oddName, tags: ['latest'] } },
    },
    found(
      'an encoded colon',
      `/v2/library/alpine/manifests/${index.digest.replace(':', '%3A')}`,
      index.bytes,
    ),
    found(
      'an encoded colon in lower case',
      `/v2/library/alpine/manifests/${index.digest.replace(':', '%3a')}`,
      index.bytes,
    ),
    found('encoded letters', '/v2/library/%61lpine/manifests/3%2E20', index.bytes),
    found('other queries', '/v2/library/alpine/manifests/3.20?a=b&c', index.bytes),
    ...[
      '/v2/quay.example/owner/app/manifests/v1',
      '/quay.example/v2/owner/app/manifests/v1',
      '/v2/localhost/app/manifests/v1',
      '/v2/localhost:5000/app/manifests/v1',
      '/v2/127.0.0.1:5000/app/manifests/v1',
      '/v2/quay.example/owner/app/tags/list',
    ].map((path) => ({
      name: 'a host that is not configured is never sent to the default',
      request: `GET ${path}`,
      status: 404,
      body: errorOf('NAME_UNKNOWN'),
    })),
  ],
};
