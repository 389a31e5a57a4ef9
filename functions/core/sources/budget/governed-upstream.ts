import type { Upstream } from '../../ports/upstream.ts';
import { UpstreamError } from '../../ports/upstream-error.ts';
import type { AccountBudget } from './account-budget.ts';
import type { RequestKind } from './circuits.ts';

/**
 * An upstream whose requests are sent only as far as the account's budget allows, and whose answers the
 * budget learns from. A request that is not sent rejects with an UpstreamError that is `isUnsent`.
 */
export function governedUpstream(
  upstream: Upstream,
  budget: AccountBudget,
  now: () => number,
): Upstream {
  async function observed<Result extends object>(
    request: RequestKind,
    send: () => Promise<Result>,
  ): Promise<Result> {
    const sent = now();
    try {
      const result = await send();
      const rate = 'rate' in result ? (result as Rated).rate : undefined;
      budget.answered({ request, sent, rate });
      return result;
    } catch (error) {
      noteRefusal(budget, request, sent, error);
      throw error;
    }
  }

  async function other<Result extends object>(
    request: 'blob' | 'other',
    send: () => Promise<Result>,
  ): Promise<Result> {
    budget.check(request);
    return observed(request, send);
  }

  const pull = async (...[remote, reference]: Parameters<Upstream['getManifest']>) => {
    if (remote.isBackground) budget.checkReserve();
    if ((await budget.admit('pull')) === 'try') {
      const head = await observed('head', () => upstream.headManifest(remote, reference));
      if (head.kind === 'absent' || head.kind === 'denied') return head;
      budget.check('pull');
    }
    const { name, networks, isBackground = false } = remote;
    const done = budget.pull(name, networks, isBackground);
    return observed('pull', () => upstream.getManifest(remote, reference)).finally(done);
  };

  return {
    registry: upstream.registry,
    tokenServiceOf: (name) => upstream.tokenServiceOf(name),
    grantsPull: (name) => upstream.grantsPull?.(name) ?? false,
    async headManifest(remote, reference) {
      await budget.admit('head');
      return observed('head', () => upstream.headManifest(remote, reference));
    },
    getManifest: pull,
    headBlob: (...request) => other('blob', () => upstream.headBlob(...request)),
    openBlob: (...request) => other('blob', () => upstream.openBlob(...request)),
    // Its URL leads to another host.
    openLocated: (...request) => upstream.openLocated(...request),
    locateBlob: (...request) => other('blob', () => upstream.locateBlob(...request)),
    listTags: (...request) => other('other', () => upstream.listTags(...request)),
    listReferrers: (...request) => other('other', () => upstream.listReferrers(...request)),
  };
}

type Rated = Pick<
  Extract<Awaited<ReturnType<Upstream['headManifest']>>, { kind: 'found' }>,
  'rate'
>;

/** Token services and blob hosts have limits of their own. */
function noteRefusal(
  budget: AccountBudget,
  request: RequestKind,
  sent: number,
  error: unknown,
): void {
  if (!(error instanceof UpstreamError) || error.kind !== 'limited' || error.isUnsent) return;
  const { answerer, status, retryAfter, rate } = error;
  if (answerer !== undefined && answerer.role !== 'registry') return;
  // What is not HTTP is the Hub's page for abuse.
  const limit =
    error.limit ?? (status === undefined && answerer !== undefined ? 'abuse' : undefined);
  budget.refused({ request, sent, limit, retryAfter, rate });
}
