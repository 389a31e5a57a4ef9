import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientLines } from '../stack/client-lines.ts';

const host = 'abc.lambda-url.eu-central-1.on.aws';

test('the lines are those of infra/clients, for a mirror with TLS', () => {
  const lines = clientLines(host);
  assert.deepEqual(Object.keys(lines), [
    'DaemonJson',
    'BuildkitdToml',
    'HostsToml',
    'RegistriesConf',
  ]);
  assert.deepEqual(JSON.parse(lines.DaemonJson ?? ''), {
    'registry-mirrors': [`https://${host}`],
  });
  assert.match(lines.BuildkitdToml ?? '', /\[registry\."docker\.io"\]\n {2}mirrors = \["abc\./);
  assert.ok(lines.HostsToml?.includes(`[host."https://${host}"]`));
  assert.ok(lines.HostsToml?.includes('\n  dial_timeout = "1s"'));
  assert.ok(lines.RegistriesConf?.includes(`location = "${host}/docker.io"`));
});

test('nothing in them is for plain HTTP, is a comment, or names the example', () => {
  for (const text of Object.values(clientLines(host))) {
    assert.doesNotMatch(text, /http:|http = |insecure|#|example\.com/);
  }
});
