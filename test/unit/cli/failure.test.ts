import { expect, test } from 'vitest';
import { startFailure } from '../../../functions/cli/failure.ts';
import { parseConfig } from '../../../functions/core/config/parse-config.ts';

const parsed = parseConfig({ listen: '127.0.0.1:80', data: '/srv/pullfront' }, {});
if ('problems' in parsed) throw new Error(parsed.problems.join('\n'));
const config = parsed.ok;

test.each([
  [
    'a port below 1024',
    { address: '127.0.0.1', port: 80 },
    /^cannot listen on .*:80: permission denied; choose a port above 1023/,
    1,
  ],
  // The lock of the folder is a socket in it.
  [
    'a folder of somebody else',
    { address: '/srv/pullfront/lock.sock', port: -1 },
    /^cannot use the data folder \/srv\/pullfront: permission denied; choose another one with --data DIR$/,
    2,
  ],
  [
    'a disk that is full',
    { address: undefined, code: 'ENOSPC', syscall: 'mkdir' },
    /^cannot use the data folder \/srv\/pullfront: no space left on the device/,
    1,
  ],
])('%s', (_, where, message, exitCode) => {
  const refused = { code: 'EACCES', syscall: 'listen', ...where };
  const failure = startFailure(Object.assign(new Error('listen EACCES'), refused), config);
  expect(failure).toEqual({ message: expect.stringMatching(message), exitCode });
});
