/** The account at docker.io that the mirror of these tests is configured with. */
export const account = { username: 'planted-user-7f3a', password: 'planted-pass-91bd' };

/** What a client sends of itself: a login of its own, and its address as a proxy states it. */
export const client = { username: 'planted-client-3c40', password: 'planted-login-6e17' };
export const clientAddress = '198.51.100.23';

/** The mirror's own address, as a registry names it (`docker-ratelimit-source`). */
export const sourceAddress = '203.0.113.77';

/** The value of Authorization for an account. */
export function basic({ username, password }: typeof account): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

const texts: readonly string[] = [
  ...[account, client].flatMap((one) => [
    one.username,
    one.password,
    basic(one).slice('Basic '.length),
    Buffer.from(one.password).toString('base64'),
  ]),
  clientAddress,
  sourceAddress,
];

/** What of the above is in a text, as it is or percent-encoded. */
export function plantedIn(text: string): string[] {
  return texts.filter((one) => text.includes(one) || text.includes(encodeURIComponent(one)));
}
