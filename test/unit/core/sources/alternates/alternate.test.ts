import { expect, test } from 'vitest';
import {
  alternateOf,
  placeAt,
} from '../../../../../functions/core/sources/alternates/alternate.ts';

test.each([
  ['mirror.gcr.io', 'library/alpine', { registry: 'mirror.gcr.io', name: 'library/alpine' }],
  ['mirror.gcr.io', 'grafana/grafana', { registry: 'mirror.gcr.io', name: 'grafana/grafana' }],
  [
    'public.ecr.aws/docker',
    'library/alpine',
    { registry: 'public.ecr.aws', name: 'docker/library/alpine' },
  ],
  ['public.ecr.aws/docker', 'grafana/grafana', undefined],
  [
    'pullfront.example:8080/docker.io',
    'grafana/grafana',
    { registry: 'pullfront.example:8080', name: 'docker.io/grafana/grafana' },
  ],
  ['art.example/a/b', 'x', { registry: 'art.example', name: 'a/b/x' }],
])('%s has docker.io/%s at its place', (entry, name, place) => {
  expect(placeAt(alternateOf(entry), { registry: 'docker.io', name })).toEqual(place);
});
