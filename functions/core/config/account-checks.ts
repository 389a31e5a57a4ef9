import { noEcrReaders, noReaders, unknownReader, uselessReaders } from './accounts.ts';
import { isEcr, privateEcrPattern } from './known-registries.ts';
import { type Path, valueAt } from './problems.ts';

/** The paths of an upstream's accounts. */
export function accountPaths(json: unknown, name: string): Path[] {
  const path = ['upstreams', name];
  const credentials = [...path, 'credentials'];
  const list = valueAt(json, [...path, 'accounts']);
  const accounts = Array.isArray(list) ? list.map((_, index) => [...path, 'accounts', index]) : [];
  return valueAt(json, credentials) === undefined ? accounts : [credentials, ...accounts];
}

type Report = (path: Path, message: string) => void;

/** Ways to sign in; an account has one of them. */
const ways = ['password', 'aws', 'helper', 'dockerConfig'] as const;

/** Mistakes in one account at `path` that no single value shows. `networks` are the defined names. */
export function checkAccount(
  json: unknown,
  path: Path,
  registry: string,
  networks: readonly string[],
  report: Report,
): void {
  const account = valueAt(json, path);
  if (typeof account !== 'object' || account === null || Array.isArray(account)) return;
  const has = (key: string) => valueAt(account, [key]) !== undefined;
  const used = ways.filter(has);
  if (used.length > 1) {
    report(path, `has ${used.join(' and ')}; an account signs in in one way`);
  } else if (has('username') !== has('password')) {
    const missing = has('username') ? 'password' : 'username';
    report(
      [...path, missing],
      `missing; a ${has('username') ? 'username' : 'password'} needs a ${missing}`,
    );
  } else if (used.length === 0) {
    report(path, 'no way to sign in; expected username and password, aws, helper or dockerConfig');
  }
  if (has('assumeRole') && !has('aws')) report([...path, 'assumeRole'], 'needs "aws": "ecr"');
  const hosts = hostsOf(json, path, registry);
  if (has('aws') && !hosts.some(isEcr)) {
    report(
      [...path, 'aws'],
      'needs Amazon ECR: an upstream or a "url" such as https://123456789012.dkr.ecr.eu-west-1.amazonaws.com, or public.ecr.aws',
    );
  }
  checkReaders(account, path, hosts, networks, report);
}

/** What the upstream of the account at `path` is called, and the host in its URL. */
function hostsOf(json: unknown, [upstreams, name]: Path, registry: string): string[] {
  const url = valueAt(json, [upstreams ?? '', name ?? '', 'url']);
  const host = typeof url === 'string' ? /^https?:\/\/([^/:]+)/.exec(url)?.[1] : undefined;
  return host === undefined ? [registry] : [registry, host];
}

/** Names of accounts in metrics that belong to other accounts of the upstream, or to none. */
export function checkLabels(json: unknown, paths: readonly Path[], report: Report): void {
  const labels = paths.map((path) => valueAt(json, [...path, 'label']));
  for (const [index, path] of paths.entries()) {
    const label = labels[index];
    if (typeof label !== 'string') continue;
    const place = [...path, 'label'];
    if (/^(?:anonymous|retry-after|account-\d+)$/.test(label)) {
      report(place, `"${label}" is reserved; choose another label`);
    } else if (labels.indexOf(label) < index) {
      report(place, `another account of this registry has the label "${label}"`);
    }
  }
}

function checkReaders(
  account: object,
  path: Path,
  hosts: readonly string[],
  networks: readonly string[],
  report: Report,
): void {
  const readers = valueAt(account, ['readers']) ?? [];
  if (!Array.isArray(readers)) return;
  const isPrivateEcr = hosts.some((host) => privateEcrPattern.test(host));
  const isAccess = valueAt(account, ['for']) === 'access' || isPrivateEcr;
  if (isAccess && readers.length === 0) {
    report([...path, 'readers'], isPrivateEcr ? noEcrReaders : noReaders);
  }
  if (!isAccess && readers.length > 0) {
    report([...path, 'readers'], uselessReaders);
  }
  for (const [index, reader] of readers.entries()) {
    if (typeof reader !== 'string' || reader === 'anyone' || networks.includes(reader)) continue;
    report([...path, 'readers', index], unknownReader(reader, networks));
  }
}
