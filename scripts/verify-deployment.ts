import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { messageOf } from './project.ts';
import { checks } from './verify-deployment/checks.ts';
import { Mirror } from './verify-deployment/mirror.ts';

// Checks on a deployed mirror what cannot be known without an account, and prints pass or FAIL.

const usage = `npm run verify -- URL [options]

  --image NAME:TAG   an image of Docker Hub (library/busybox:latest); costs up to three pulls
  --blobs FORM       redirect or stream: how stored blobs must come; found out when absent
  --bucket NAME      the bucket of S3 or R2 that redirects must lead to
  --wait SECONDS     how long a fill may take (60)
  --regions A,B      asks the AWS command line whether Lambda Web Functions are there
`;

const options = {
  image: { type: 'string', default: 'library/busybox:latest' },
  bucket: { type: 'string' },
  blobs: { type: 'string' },
  wait: { type: 'string', default: '60' },
  regions: { type: 'string' },
} as const;

function misuse(reason: string): never {
  console.error(`${reason}\n\n${usage}`);
  process.exit(2);
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const [address, ...more] = positionals;
    const [, repository, tag] = /^(.+):([^/:]+)$/.exec(values.image) ?? [];
    if (address === undefined || more.length > 0) return misuse('One URL is needed.');
    if (repository === undefined || tag === undefined) return misuse('--image is NAME:TAG.');
    if (!['redirect', 'stream', undefined].includes(values.blobs)) {
      return misuse('--blobs is redirect or stream.');
    }
    if (!/^\d{1,4}$/.test(values.wait)) return misuse('--wait is a number of seconds.');
    return { ...values, mirror: new Mirror(new URL(address), repository, tag) };
  } catch (error) {
    return misuse(messageOf(error));
  }
}

let failures = 0;

async function report(name: string, run: () => Promise<string>): Promise<void> {
  try {
    console.log(`pass  ${name}: ${await run()}`);
  } catch (error) {
    failures += 1;
    console.log(`FAIL  ${name}: ${messageOf(error)}`);
  }
}

async function webFunctionsIn(region: string): Promise<string> {
  const asked = ['lambda-web', 'get-web-account-settings', '--region', region];
  const { error, status, stderr } = spawnSync('aws', asked, { encoding: 'utf8' });
  if (error !== undefined) throw new Error(`the AWS command line does not run: ${error.message}`);
  if (status !== 0) throw new Error(stderr.trim().split('\n').at(-1) ?? '');
  return 'there';
}

const { mirror, bucket, blobs, wait, regions } = readArguments();
try {
  const image = await mirror.image();
  const choices = { form: blobs, bucket, wait: Number(wait) };
  for (const check of checks) {
    await report(check.name, () => check.run(mirror, image, choices));
  }
} catch (error) {
  failures += 1;
  console.log(`FAIL  the image can be pulled: ${messageOf(error)}`);
}
for (const region of regions?.split(',') ?? []) {
  await report(`Lambda Web Functions in ${region}`, () => webFunctionsIn(region));
}
console.log(failures === 0 ? 'All passed.' : `${failures} failed.`);
process.exitCode = failures === 0 ? 0 : 1;
