import { expect, test } from 'vitest';
import { clientName } from '../../../../functions/core/observe/request-line.ts';

test.each([
  [
    'docker/20.10.24+dfsg1 go/go1.19.8 os/linux UpstreamClient(Docker-Client/28.2.2 \\(linux\\))',
    'docker/20.10.24+dfsg1',
  ],
  ['containerd/1.6.20~ds1', 'containerd/1.6.20'],
  ['containerd/v2.1.0', 'containerd/2.1.0'],
  ['buildkit/v0.12', 'buildkit/0.12'],
  ['containers/5.23.1 (github.com/containers/image)', 'podman/5.23.1'],
  ['skopeo/1.9.3', 'skopeo/1.9.3'],
  ['Buildah/1.28.2', 'buildah/1.28.2'],
  ['cri-o/1.29.1 go/go1.21 os/linux', 'cri-o/1.29.1'],
  ['crane/v0.19.1 go-containerregistry/v0.19.1', 'crane/0.19.1'],
  ['curl/7.88.1', 'curl/7.88.1'],
  ['Mozilla/5.0 (X11)', 'other'],
  ['constructor/1', 'other'],
  ['curl', 'curl'],
  ['other/1', 'other'],
  ['\u001b[31mcurl', 'other'],
  ['', 'none'],
  [undefined, 'none'],
])('%j is %s', (userAgent, name) => {
  expect(clientName(userAgent)).toBe(name);
});
