import { expect, test } from 'vitest';
import { pullPartitions } from '../../../functions/aws/dynamodb/item-keys.ts';
import { startAws } from '../../forms/aws/functions.ts';
import type { SeenCall } from '../../standins/dynamodb/service-proxy.ts';
import { makeImage } from '../../standins/images/image.ts';
import { randomLayer } from '../../standins/images/layer.ts';
import { startUpstream } from '../../standins/registry/upstream.ts';

type Item = Readonly<Record<string, { readonly S?: string }>>;

/** The partition keys that a call writes. */
function written({ action, input }: SeenCall): string[] {
  const keyOf = (item: unknown) => (item as Item).pk?.S ?? '';
  if (action === 'PutItem') return [keyOf(input.Item)];
  if (action === 'UpdateItem' || action === 'DeleteItem') return [keyOf(input.Key)];
  if (action !== 'BatchWriteItem') return action.startsWith('Transact') ? [action] : [];
  type Request = { readonly PutRequest?: { Item: Item }; readonly DeleteRequest?: { Key: Item } };
  const requests = Object.values(input.RequestItems as Record<string, Request[]>).flat();
  return requests.map(({ PutRequest, DeleteRequest }) =>
    keyOf(PutRequest?.Item ?? DeleteRequest?.Key),
  );
}

/** As IAM compares it with the patterns of the pull function's role. */
const mayWrite = (key: string) =>
  pullPartitions.some((pattern) =>
    pattern.endsWith('*') ? key.startsWith(pattern.slice(0, -1)) : key === pattern,
  );

test('the pull function writes only rows that its role allows', async () => {
  const upstream = await startUpstream({ auth: 'anonymous' });
  const image = makeImage({ layers: [randomLayer('one', 1000)] });
  upstream.add('library/app', image, '1');
  const configuration = { upstreams: { 'docker.io': { url: upstream.url, tagTtl: '1s' } } };
  const aws = await startAws({ configuration, fillers: 0 });
  const { proxy } = aws.dynamoDb;
  const denied: string[] = [];
  proxy.answerBy((call) => {
    const refused = written(call).filter((key) => !mayWrite(key));
    denied.push(...refused);
    const __type = 'com.amazon.coral.service#AccessDeniedException';
    return refused.length === 0 ? undefined : { status: 400, body: { __type } };
  });
  try {
    const statuses: number[] = [];
    const ask = async (path: string, method = 'GET') => {
      const answer = await aws.get(`/v2/library/app/${path}`, { method });
      await answer.arrayBuffer();
      statuses.push(answer.status);
    };
    const pull = async () => {
      await ask('manifests/1', 'HEAD');
      await ask(`manifests/${image.manifest.digest}`);
      for (const { digest } of [image.config, ...image.layers]) await ask(`blobs/${digest}`);
    };
    await pull();
    await ask('tags/list');
    await ask(`referrers/${image.manifest.digest}`);
    aws.kill('pull');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await pull();
    expect(statuses).toEqual([200, 200, 307, 307, 200, 200, 200, 200, 307, 307]);
    expect(denied).toEqual([]);
    const kinds = proxy.calls.flatMap(written).map((key) => key.split('#')[0]);
    // Each of them is really written here.
    expect(kinds).toEqual(
      expect.arrayContaining(['tag', 'manifest', 'entry', 'member', 'catalogue', 'pull', 'list']),
    );
    expect(kinds).toEqual(expect.arrayContaining(['location', 'lease']));
  } finally {
    await aws.close();
    await upstream.close();
  }
});
