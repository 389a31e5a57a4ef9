import { readFileSync } from 'node:fs';
import type { Client } from './client.ts';
import { type Containerd, type ContainerdSetUp, startContainerd } from './containerd.ts';
import { hostsOf } from './containerd-client.ts';
import { callImageService } from './image-service.ts';
import { installed } from './launch.ts';
import { expectPulled } from './pulling.ts';
import type { Stage } from './stage.ts';

const setUpFile = new URL('../../../infra/clients/containerd.toml', import.meta.url);
const folderOfNodes = '/etc/containerd/certs.d';

/** The set-up text for nodes, with the folder of this test, and what a test machine needs. */
const nodeSetUp: ContainerdSetUp = (hosts) => {
  const text = readFileSync(setUpFile, 'utf8');
  if (!text.includes(folderOfNodes))
    throw new Error(`containerd.toml does not name ${folderOfNodes}`);
  const snapshotter = '[plugins."io.containerd.grpc.v1.cri".containerd]\nsnapshotter = "native"\n';
  return `${text.replace(folderOfNodes, hosts)}\n${snapshotter}`;
};

/** containerd as a Kubernetes node has it. */
export interface NodeClient extends Client {
  readonly containerd: Containerd;
}

/** Starts containerd with CRI, asked for images as the kubelet of a Kubernetes node asks. */
export async function startNodeClient(stage: Stage, launch = installed): Promise<NodeClient> {
  const containerd = await startContainerd(stage.folder, nodeSetUp, launch);
  containerd.hosts('docker.io', hostsOf(stage));
  const { socket } = containerd;
  return {
    containerd,
    pull: (reference) => callImageService(socket, 'PullImage', reference),
    async remove(reference) {
      expectPulled(await callImageService(socket, 'RemoveImage', reference));
    },
    stop: () => containerd.stop(),
  };
}
