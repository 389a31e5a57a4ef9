import { expect, test } from 'vitest';
import { oldNodeMessage } from '../../../functions/cli/node-version.ts';

test.each(['20.18.1', '20.18.2', '20.19.0', '22.0.0', '24.21.0', '100.0.0', '20.18.1-nightly'])(
  'Node %s is new enough',
  (running) => {
    expect(oldNodeMessage(running, '20.18.1')).toBeUndefined();
  },
);

test.each(['20.18.0', '20.9.9', '18.20.8', '16.20.2', '9.99.99'])(
  'Node %s is too old',
  (running) => {
    expect(oldNodeMessage(running, '20.18.1')).toBe(
      `pullfront: needs Node 20.18.1 or newer, but this is Node ${running}; install a newer Node`,
    );
  },
);
