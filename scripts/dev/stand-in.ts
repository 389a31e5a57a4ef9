import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { root } from '../project.ts';

/** A stand-in for Docker Hub with one image, in a process of its own. */
export interface StandIn {
  readonly url: string;
  /** Where its switches are, under `/_standin/`. */
  readonly control: string;
  end(): Promise<void>;
}

/** Starts the stand-in. The bytes of the image are the same at every start. */
export async function startStandIn(image: {
  readonly repository: string;
  readonly tag: string;
}): Promise<StandIn> {
  const settings = {
    settings: { auth: 'anonymous' },
    images: [{ ...image, layers: 3, layerBytes: 2_000_000 }],
  };
  const args = ['--import', 'tsx', 'test/standins/registry/main.ts', JSON.stringify(settings)];
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([first]) => String(first)),
    exited.then(([code]) => {
      throw new Error(`the stand-in registry ended with ${code}`);
    }),
  ]);
  // Our own program wrote it.
  const { url, control } = JSON.parse(line) as { url: string; control: string };
  return {
    url,
    control,
    end: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
