import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Fault } from '../standins/registry/faults.ts';
import type { Workspace } from './workspace.ts';

/** The image that the stand-in serves. */
export interface ServedImage {
  readonly repository: string;
  readonly tag: string;
  readonly blobs: readonly { readonly digest: string; readonly size: number }[];
}

/** What one run took from the upstream. */
export interface UpstreamUse {
  readonly requests: number;
  readonly manifestGets: number;
  readonly blobGets: number;
  readonly distinctBlobs: number;
  /** Bytes of blobs. */
  readonly blobBytes: number;
}

/** The stand-in registry in a process of its own: it counts what the mirrors ask for. */
export interface StandIn {
  readonly url: string;
  readonly image: ServedImage;
  /** Limits each connection that carries a blob; `undefined` lifts the limit. */
  limit(bytesPerSecond: number | undefined): Promise<void>;
  /** Forgets what was asked for until now. */
  clear(): Promise<void>;
  use(): Promise<UpstreamUse>;
  end(): Promise<void>;
}

interface Announcement {
  readonly url: string;
  readonly control: string;
  readonly images: readonly ServedImage[];
}

/** Requests and bytes by `kind method status`. */
interface Totals {
  readonly [group: string]: { readonly requests: number; readonly bytes: number };
}

interface Request {
  readonly kind: string;
  readonly method: string;
  readonly reference?: string;
}

/** Starts the stand-in with one image of `layers` random layers of `layerBytes` each. */
export async function startStandIn(
  workspace: Workspace,
  layers: number,
  layerBytes: number,
): Promise<StandIn> {
  const program = fileURLToPath(new URL('./upstream.mjs', import.meta.url));
  const options = { images: [{ repository: 'library/bench', tag: '1', layers, layerBytes }] };
  const daemon = workspace.start(process.execPath, [program, JSON.stringify(options)], 'pipe');
  const { url, control, images } = await announced(daemon.process.stdout);
  const [image] = images;
  if (image === undefined) throw new Error(`the stand-in registry failed: ${daemon.errors()}`);
  const post = async (path: string, body: unknown = {}): Promise<void> => {
    await fetch(`${control}/_standin/${path}`, { method: 'POST', body: JSON.stringify(body) });
  };
  return {
    url,
    image,
    limit: (bytesPerSecond) => {
      const faults: Fault[] =
        bytesPerSecond === undefined ? [] : [{ on: 'cdn', do: { kind: 'slow', bytesPerSecond } }];
      return post('set', { faults });
    },
    clear: () => post('clear'),
    use: async () => {
      // Our own program wrote both. The list keeps the last 10,000 requests, the totals count all.
      const totals = (await read(`${control}/_standin/stats`)) as Totals;
      const requests = (await read(`${control}/_standin/requests`)) as Request[];
      return useOf(totals, requests);
    },
    end: () => daemon.end(),
  };
}

async function announced(output: NodeJS.ReadableStream | null): Promise<Announcement> {
  if (output !== null) {
    for await (const line of createInterface({ input: output })) return JSON.parse(line);
  }
  throw new Error('the stand-in registry ended at its start');
}

async function read(url: string): Promise<unknown> {
  const response = await fetch(url);
  return response.json();
}

function useOf(totals: Totals, requests: readonly Request[]): UpstreamUse {
  const sum = (of: 'requests' | 'bytes', ...groups: string[]): number =>
    Object.entries(totals)
      .filter(([group]) => groups.some((one) => group.startsWith(one)))
      .reduce((total, [, one]) => total + one[of], 0);
  const blobs = requests.filter((one) => one.kind === 'blob' && one.method === 'GET');
  return {
    // A blob's redirect to the second origin is one use of the upstream, not two.
    requests: sum('requests', '') - sum('requests', 'cdn '),
    manifestGets: sum('requests', 'manifest GET '),
    blobGets: sum('requests', 'blob GET '),
    distinctBlobs: new Set(blobs.map((one) => one.reference)).size,
    blobBytes: sum('bytes', 'blob GET ', 'cdn GET '),
  };
}
