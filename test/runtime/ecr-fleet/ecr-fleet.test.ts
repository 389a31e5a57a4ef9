import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listen } from '../../clients/harness/listen.ts';
import { NodeMirror } from '../../forms/node.ts';
import { pull } from '../../forms/pull.ts';
import { startMoto } from '../../services/moto.ts';
import type { Service } from '../../services/service.ts';
import { makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import { startUpstream, type Upstream } from '../../standins/registry/upstream.ts';

// Needs dist/pullfront.js: npm run test:services builds it.

const registry = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';

let moto: Service;
let hub: Upstream;
let repositories: Upstream;
let ecr: Server;
let fleet: NodeMirror[] = [];
const refused: string[] = [];
let accepted = 0;

/** The authorization that moto's ECR issues, which is always the same. */
async function issued(): Promise<string> {
  const response = await fetch(moto.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/eu-west-1/ecr/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: '{}',
  });
  const { authorizationData } = (await response.json()) as {
    readonly authorizationData: readonly { readonly authorizationToken: string }[];
  };
  return `Basic ${authorizationData[0]?.authorizationToken}`;
}

/** A registry in front of `repositories` that accepts only this authorization, as ECR does. */
function strictRegistry(authorization: string): Server {
  return createServer(async (request, response) => {
    if (request.headers.authorization !== authorization) {
      refused.push(request.headers.authorization ?? 'nothing');
      response.writeHead(401, {
        'content-type': 'application/json',
        'www-authenticate': `Basic realm="https://${registry}/",service="ecr.amazonaws.com"`,
      });
      response.end('{"errors":[{"code":"UNAUTHORIZED","message":"no basic auth credentials"}]}');
      return;
    }
    accepted += 1;
    const { accept = '*/*' } = request.headers;
    const method = request.method ?? 'GET';
    const answer = await fetch(`${repositories.url}${request.url}`, {
      method,
      headers: { accept },
    });
    const headers = Object.fromEntries(answer.headers);
    response.writeHead(answer.status, headers);
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
}

beforeAll(async () => {
  moto = await startMoto();
  hub = await startUpstream();
  repositories = await startUpstream({ blobs: 'stream' });
  hub.add('library/app', makeImage({ layers: [randomLayer('of the Hub', 50_000)] }), '1');
  repositories.add('team/app', makeImage({ layers: [randomLayer('of ECR', 50_000)] }), '1');
  ecr = strictRegistry(await issued());
  const url = `http://${await listen(ecr)}`;
  const configuration = {
    networks: { here: ['127.0.0.0/8'] },
    upstreams: {
      'docker.io': { url: hub.url },
      [registry]: { url, credentials: { aws: 'ecr', readers: ['here'] } },
    },
  };
  const variables = {
    AWS_ENDPOINT_URL_ECR: moto.endpoint,
    AWS_ACCESS_KEY_ID: 'AKIATEST',
    AWS_SECRET_ACCESS_KEY: 'secret',
  };
  fleet = await Promise.all(
    Array.from({ length: 3 }, () => NodeMirror.start(configuration, variables)),
  );
}, 600_000);
afterAll(async () => {
  for (const mirror of fleet) await mirror.close();
  ecr.close();
  await Promise.all([hub.close(), repositories.close(), moto.stop()]);
});

test('a fleet pulls from ECR, with its tokens, beside the Hub', async () => {
  for (const { url } of fleet) {
    expect((await pull(url, `${registry}/team/app`, '1')).isComplete).toBe(true);
    expect((await pull(url, 'library/app', '1')).isComplete).toBe(true);
  }
  expect(accepted).toBeGreaterThan(0);
  // The first request of each instance learns the challenge; no other credentials are tried.
  expect(new Set(refused)).toEqual(new Set(['nothing']));
  expect(hub.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
});

test('the token is in no log and no metric', async () => {
  for (const mirror of fleet) {
    const metrics = await (await mirror.get('/metrics')).text();
    expect(mirror.output + metrics).not.toMatch(/auth-token|QVdTO|AKIATEST/);
  }
});
