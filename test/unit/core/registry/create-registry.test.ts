import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mirror } from '../../../../functions/core/mirror/mirror.ts';
import type { Answer, RegistryRequest } from '../../../../functions/core/registry/answer.ts';
import { createRegistry } from '../../../../functions/core/registry/create-registry.ts';
import { alpine, app } from '../../../conformance/content.ts';
import { scriptedMirror } from '../../../conformance/scripted-mirror.ts';
import { anyClients } from '../clients/any-clients.ts';

const options = { clients: anyClients, defaultRegistry: 'docker.io' };
const registry = createRegistry(scriptedMirror('working'), options);

function ask(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
): RegistryRequest {
  return { method, target, header: (name) => headers[name] };
}

function textOf(answer: Answer): string {
  if (answer.body instanceof ReadableStream) throw new Error('the body is a stream');
  if (typeof answer.body === 'string') return answer.body;
  return new TextDecoder().decode(answer.body);
}

describe('registry', () => {
  it('answers any request in the common form', async () => {
    const piece = fc.oneof(
      fc.constantFrom('/v2/', '/', '%2F', '%', '..', 'library/alpine', '/manifests/', '/blobs/'),
      fc.constantFrom('?ns=', 'ghcr.io', '&n=', '/tags/list', '/_catalog', '/referrers/', '3.20'),
      fc.constantFrom(alpine.index.manifest.digest, '\r\n', '\u212a', '"'),
      fc.string(),
    );
    const method = fc.oneof(fc.constantFrom('GET', 'HEAD', 'PUT'), fc.string());
    const requests = fc.tuple(method, fc.array(piece, { maxLength: 8 }), fc.string());
    await fc.assert(
      fc.asyncProperty(requests, async ([method, pieces, header]) => {
        const target = pieces.join('');
        const answer = await registry({ method, target, header: () => header });
        expect(answer.status).toBeGreaterThanOrEqual(200);
        expect(answer.status).not.toBe(401);
        for (const [name, value] of Object.entries(answer.headers)) {
          expect(name).toMatch(/^[a-z-]+$/);
          expect(value).toMatch(/^[ -~]*$/);
        }
        expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
        if (answer.body instanceof ReadableStream) await answer.body.cancel();
        else if (answer.status >= 400) expect(JSON.parse(textOf(answer))).toHaveProperty('errors');
      }),
    );
  });

  it.each([
    '/v2/../library/alpine/manifests/3.20',
    '/v2/library/../alpine/manifests/3.20',
    '/v2/library/%2e%2e/alpine/manifests/3.20',
    '/v2/./alpine/manifests/3.20',
  ])('does not resolve %s', async (target) => {
    const answer = await registry(ask('GET', target));
    expect(answer.status).toBe(400);
    expect(textOf(answer)).toContain('NAME_INVALID');
  });

  it.each([
    ['/v2/library/alpine/manifests/3.20', 503],
    ['/v2/library/alpine/manifests/3.20?ns=docker.io', 503],
    [`/v2/library/alpine/blobs/${app.config.digest}`, 429],
    [`/v2/library/alpine/blobs/${app.config.digest}?ns=docker.io`, 503],
    ['/v2/library/alpine/tags/list', 503],
    ['/v2/_catalog', 503],
  ])('answers %s with %i when the mirror throws, and reports it', async (target, status) => {
    const errors: unknown[] = [];
    const onError = (error: unknown) => void errors.push(error);
    const broken = createRegistry(brokenMirror(), { ...options, onError });
    const answer = await broken(ask('GET', target));
    expect(answer.status).toBe(status);
    expect(textOf(answer)).not.toContain('a secret');
    expect(JSON.stringify(answer.note)).not.toContain('a secret');
    expect(errors).toEqual([new Error('a secret')]);
  });

  it('answers even if the log fails', async () => {
    const onError = () => {
      throw new Error('the log is full');
    };
    const broken = createRegistry(brokenMirror(), { ...options, onError });
    const answer = await broken(ask('GET', '/v2/library/alpine/manifests/3.20'));
    expect(answer.status).toBe(503);
  });

  it('notes what the log and the metrics need', async () => {
    const pull = await registry(ask('GET', '/v2/ghcr.io/owner/app/manifests/v1'));
    expect(pull.note).toEqual({
      kind: 'manifest',
      form: 'prefix',
      repository: 'ghcr.io/owner/app',
      reference: 'v1',
      cache: 'hit',
      upstreamCalls: 0,
    });
    const absent = await registry(ask('GET', '/v2/alpine/manifests/no?ns=docker.io'));
    expect(absent.note).toEqual({
      kind: 'manifest',
      form: 'ns',
      repository: 'docker.io/library/alpine',
      reference: 'no',
      upstreamCalls: 0,
      reason: 'docker.io does not have this manifest',
    });
    expect((await registry(ask('GET', '/v2/'))).note.kind).toBe('ping');
    expect((await registry(ask('PUT', '/v2/'))).note.kind).toBe('other');
  });

  it("counts the mirror's calls to upstreams in the note", async () => {
    const working = scriptedMirror('working');
    const counting: Mirror = {
      ...working,
      repository: (repository) => ({ ...working.repository(repository), upstreamCalls: 2 }),
    };
    const counted = createRegistry(counting, options);
    const answer = await counted(ask('GET', '/v2/library/alpine/manifests/3.20'));
    expect(answer.note.upstreamCalls).toBe(2);
  });

  it('lets clients cache a digest forever, from any source', async () => {
    const working = scriptedMirror('working');
    const missing: Mirror = {
      ...working,
      repository(repository) {
        const mirrored = working.repository(repository);
        return {
          ...mirrored,
          async resolveManifest(...asked) {
            const outcome = await mirrored.resolveManifest(...asked);
            if (outcome.kind !== 'found') return outcome;
            return { ...outcome, provenance: { kind: 'miss' } };
          },
        };
      },
    };
    const cold = createRegistry(missing, options);
    const name = '/v2/library/alpine/manifests';
    const byDigest = await cold(ask('GET', `${name}/${alpine.index.manifest.digest}`));
    expect(byDigest.headers['cache-control']).toBe(
      'public, max-age=31536000, immutable, no-transform',
    );
    const byTag = await cold(ask('GET', `${name}/3.20`));
    expect(byTag.headers['cache-control']).toBe('public, max-age=300, no-transform');
    expect(byTag.headers['cache-status']).toBe('Pullfront; fwd=miss');
  });

  it('reads no store for an empty page', async () => {
    const answer = await createRegistry(brokenMirror(), options)(ask('GET', '/v2/_catalog?n=0'));
    expect(textOf(answer)).toBe('{"repositories":[]}');
  });

  it('keeps the body of a HEAD, for fronts that compute the length from it', async () => {
    const answer = await registry(ask('HEAD', '/v2/library/alpine/manifests/3.20'));
    expect(textOf(answer)).toBe(new TextDecoder().decode(alpine.index.manifest.bytes));
  });
});

function brokenMirror(): Mirror {
  const fail = async () => {
    throw new Error('a secret');
  };
  return {
    policies: scriptedMirror('working').policies,
    repository: () => ({
      upstreamCalls: 0,
      resolveManifest: fail,
      locateBlob: fail,
      locateRanges: fail,
      listTags: fail,
      listReferrers: fail,
    }),
    listRepositories: fail,
    listable: fail,
    listGone: fail,
  };
}
