/**
 * Which suites test the files of a folder that have no unit test of their own; the row of the closest
 * folder counts. A suite is a file of `test/`, without its ending.
 */
export const suites: Readonly<Record<string, readonly string[]>> = {
  aws: ['conformance/aws', 'runtime/aws/pulls', 'runtime/aws/fills'],
  'aws/dynamodb': ['contract/aws-dynamodb', 'standins/dynamodb/at-once'],
  'aws/s3': ['contract/aws-s3', 'unit/aws/s3/blob-store'],
  'aws/sdk': ['contract/aws-dynamodb', 'unit/aws/sdk/service'],
  'aws/sqs': ['contract/aws-sqs'],
  cli: ['runtime/local/command-line'],
  cloudflare: ['conformance/edge', 'runtime/edge/serve', 'runtime/edge/isolates'],
  'cloudflare/d1': ['contract/cloudflare'],
  'cloudflare/r2': ['contract/cloudflare', 'runtime/edge/long-fill'],
  'core/bucket': ['contract/aws-s3'],
  'core/bytes': ['contract/embedded', 'unit/core/mirror/fills/upstream-source'],
  'core/config': [
    'unit/core/config/problems',
    'unit/core/config/resolve',
    'unit/core/config/resolved',
  ],
  'core/headers': ['conformance/core', 'unit/core/upstream/remote-manifests'],
  'core/mirror': ['conformance/core', 'faults/local/odd-content', 'faults/two-registries'],
  'core/oci': ['conformance/core'],
  'core/ports': [
    'contract/aws-dynamodb',
    'contract/aws-s3',
    'contract/cloudflare',
    'contract/embedded',
    'contract/memory',
  ],
  'core/registry': ['conformance/core', 'conformance/local'],
  'core/service': ['conformance/local', 'conformance/edge', 'strangers/local'],
  'core/signing': ['unit/core/signing/presigner.sdk'],
  'core/sources': ['unit/core/sources/source-health', 'faults/local/outages'],
  'core/sources/access': ['access/local', 'access/edge'],
  'core/upstream': ['unit/core/upstream/remote-manifests', 'unit/core/upstream/auth/authorization'],
  local: ['contract/embedded', 'faults/crash'],
  memory: ['contract/memory'],
  node: ['conformance/local', 'runtime/local/serve'],
};

/** The closest folder of a product file that has a row; undefined when none has. */
export function rowOf(file: string): string | undefined {
  const folders = file.split('/').slice(1, -1);
  for (let depth = folders.length; depth > 0; depth--) {
    const folder = folders.slice(0, depth).join('/');
    if (Object.hasOwn(suites, folder)) return folder;
  }
  return undefined;
}
