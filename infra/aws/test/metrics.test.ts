import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricFields } from '../../../functions/aws/metrics/metric-log.ts';
import { type MetricName, metricDimensions, namespace } from '../stack/metrics.ts';

interface EmbeddedMetrics {
  readonly CloudWatchMetrics: readonly {
    readonly Namespace: string;
    readonly Dimensions: readonly (readonly string[])[];
  }[];
}

for (const name of Object.keys(metricDimensions) as MetricName[]) {
  test(`the functions write ${name} as the dashboard and the alarms read it`, () => {
    const { _aws } = metricFields([{ name, value: 1 }], 0);
    const [directive] = (_aws as EmbeddedMetrics).CloudWatchMetrics;
    assert.equal(directive?.Namespace, namespace);
    const dimensions: readonly string[] = metricDimensions[name];
    const sets = directive?.Dimensions.map((set) => [...set].sort());
    assert.ok(sets?.some((set) => set.length === 0));
    assert.deepEqual(
      sets?.filter((set) => set.length > 0),
      dimensions.length === 0 ? [] : [[...dimensions].sort()],
    );
  });
}
