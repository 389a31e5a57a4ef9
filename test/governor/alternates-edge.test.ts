import { expect, it, vi } from 'vitest';
import { EdgeWorker } from '../forms/edge.ts';
import { patience } from '../patience.ts';
import { image, largeLayer, openAlternateScenes } from './alternates.ts';
import { describeAlternates } from './every-alternate.ts';

describeAlternates({ name: 'the Worker', start: EdgeWorker.start });

const openScene = openAlternateScenes(EdgeWorker.start);

it("an alternate's redirect to wrong bytes is dropped once the fill has seen them", async () => {
  const { manifest, mirror, hub, other } = await openScene();
  hub.fail({ on: 'blob', match: largeLayer, do: { kind: 'status', status: 503 } });
  other.fail({ on: 'cdn', do: { kind: 'flip', at: 1000 } });
  await (await manifest()).arrayBuffer();
  const blob = () => mirror.get(`/v2/library/app/blobs/${largeLayer}`, { redirect: 'follow' });
  await (await blob()).arrayBuffer();
  expect(other.count({ kind: 'blob' })).toBeGreaterThan(0);
  hub.set({ faults: [] });
  await vi.waitFor(async () => {
    const bytes = Buffer.from(await (await blob()).arrayBuffer());
    expect(bytes.equals(Buffer.from(image.layers[0]?.bytes ?? []))).toBe(true);
  }, patience);
});
