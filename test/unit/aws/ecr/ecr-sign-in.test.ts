import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ecrSignIn } from '../../../../functions/aws/ecr/ecr-sign-in.ts';
import { listen } from '../../../clients/harness/listen.ts';

const credentials = () => ({ accessKeyId: 'AKIATEST', secretAccessKey: 'secret' });
const expires = 2_000_000_000;
const token = Buffer.from('AWS:a:password').toString('base64');

/** The calls that arrived, as `service action by access key`, in order. */
let calls: string[];
let server: Server;
let authorizationData: unknown;

beforeEach(async () => {
  calls = [];
  authorizationData = [{ authorizationToken: token, expiresAt: expires }];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { authorization = '', 'x-amz-target': target } = request.headers;
    const [, key, region, service] =
      /Credential=(\w+)\/\d+\/([\w-]+)\/([\w-]+)/.exec(authorization) ?? [];
    const action = String(target ?? new URLSearchParams(body).get('Action')).replace(/.*\./, '');
    const role = new URLSearchParams(body).get('RoleArn');
    calls.push([service, region, action, key, ...(role === null ? [] : [role])].join(' '));
    if (action === 'AssumeRole') {
      response.setHeader('content-type', 'text/xml');
      response.end(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
        <AccessKeyId>AKIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
        <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`);
      return;
    }
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    if (authorizationData === 'refused') {
      response.statusCode = 400;
      response.end(
        '{"__type":"AccessDeniedException","message":"User AKIATEST is not authorized"}',
      );
    } else response.end(JSON.stringify({ authorizationData }));
  });
  process.env.AWS_ENDPOINT_URL = `http://${await listen(server)}`;
});
afterEach(() => {
  delete process.env.AWS_ENDPOINT_URL;
  server.closeAllConnections();
  server.close();
});

const signIn = (registry: string, assumeRole?: string) =>
  ecrSignIn(credentials)(registry, { kind: 'ecr', assumeRole });

test.each([
  ['123456789012.dkr.ecr.eu-west-1.amazonaws.com', 'eu-west-1'],
  ['123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
  ['123456789012.dkr-ecr.eu-central-1.on.aws', 'eu-central-1'],
  ['123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
])('the token of %s is asked for in %s', async (registry, region) => {
  expect(await signIn(registry)).toEqual({
    username: 'AWS',
    password: 'a:password',
    expires: expires * 1000,
  });
  expect(calls).toEqual([`ecr ${region} GetAuthorizationToken AKIATEST`]);
});

test('the token of ECR Public is asked for in us-east-1', async () => {
  authorizationData = { authorizationToken: token, expiresAt: expires };
  expect(await signIn('public.ecr.aws')).toMatchObject({ username: 'AWS', password: 'a:password' });
  expect(calls).toEqual(['ecr-public us-east-1 GetAuthorizationToken AKIATEST']);
});

test('a role is assumed first', async () => {
  const role = 'arn:aws:iam::210987654321:role/puller';
  await signIn('123456789012.dkr.ecr.eu-west-1.amazonaws.com', role);
  expect(calls).toEqual([
    `sts eu-west-1 AssumeRole AKIATEST ${role}`,
    'ecr eu-west-1 GetAuthorizationToken AKIAROLE',
  ]);
});

test('a refusal and an answer without a token are errors without a secret', async () => {
  const registry = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
  authorizationData = 'refused';
  const refused = await signIn(registry).catch((error: Error) => error.message);
  expect(refused).toMatch(/^ECR\.GetAuthorizationToken: .*AccessDenied/);
  expect(refused).not.toContain('AKIATEST');
  authorizationData = [];
  await expect(signIn(registry)).rejects.toThrow('ECR gave no authorization token');
  await expect(signIn('docker.io')).rejects.toThrow('docker.io is not a host of Amazon ECR');
});
