import * as z from 'zod';
import { globs } from './patterns.ts';
import { names, object, path, text, word } from './values.ts';

const expectedPassword = 'one of {"env": "NAME"}, {"file": "PATH"} and, on AWS, {"secret": "NAME"}';

const password = z.union(
  [
    object(
      {
        env: text('the name of an environment variable').describe(
          'Environment variable that holds the password or token.',
        ),
      },
      expectedPassword,
    ),
    object(
      { file: path('the path of a file').describe('File that holds the password or token.') },
      expectedPassword,
    ),
    object(
      {
        secret: text('the name or ARN of a secret in Secrets Manager').describe(
          'On AWS: name or ARN of the secret that holds the password or token.',
        ),
      },
      expectedPassword,
    ),
  ],
  expectedPassword,
);

const expected = 'an object such as {"username": "me", "password": {"env": "HUB_TOKEN"}}';

const networkName = text('the name of a network in "networks", or "anyone"');

/** What proves an account: `config/accounts.ts` tells the four kinds apart. */
const shape = {
  username: text('a user name').optional().describe('User name of the account.'),
  password: password.optional(),
  aws: word('ecr')
    .optional()
    .describe(
      'Signs in to Amazon ECR, private or public, with the role of the function, the task or the machine.',
    ),
  assumeRole: text('the ARN of a role', /^arn:[\w-]+:iam::\d{12}:role\/\S+$/)
    .optional()
    .describe('With `aws`: the role to assume first.'),
  helper: text('the name of a credential helper such as "ecr-login"', /^[\w.-]+$/)
    .optional()
    .describe('On a server: NAME of the program `docker-credential-NAME` that has the account.'),
  dockerConfig: path('the path of a file')
    .optional()
    .describe("On a server: Docker's `config.json` that has the account or names its helper."),
  for: word('quota', 'access')
    .prefault('quota')
    .describe(
      '`quota`: the account only raises the limit; clients get what the registry serves to anyone. `access`: `readers` also get what the account may read.',
    ),
  readers: names('a list of names of networks', networkName)
    .prefault([])
    .describe(
      'With `access`: the networks, by name, that may read everything the account may read.',
    ),
};

/** The account of a registry. */
export const credentials = object(shape, expected);

/** One of several accounts of a registry. */
export const account = object(
  {
    ...shape,
    label: text('a name of a-z, A-Z, 0-9, "-" and "_"', /^[\w-]{1,32}$/)
      .optional()
      .describe('What metrics and pages call the account; by default its position.'),
    repositories: globs.describe('Repositories that this account is used for; all if empty.'),
  },
  expected,
);
