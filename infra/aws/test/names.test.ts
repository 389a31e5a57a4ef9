import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Template } from 'aws-cdk-lib/assertions';
import { parse } from 'yaml';
import { plainTemplate } from '../stack/plain-template.ts';
import { synthesised, webFront } from './synthesised.ts';

interface Resource {
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** The properties that name a resource in its account: with a fixed one two stacks collide. */
const naming = /^(?:Name|\w*(?:Table|Bucket|Queue|Function|Role|LogGroup|Alarm|Dashboard)Name)$/;

/** Every resource whose name is the same in every stack of this template. */
function fixedNames(template: Template): string[] {
  const resources: Record<string, Resource> = template.toJSON().Resources;
  return Object.entries(resources).flatMap(([id, { Properties = {} }]) =>
    Object.entries(Properties)
      .filter(([property, value]) => naming.test(property) && typeof value === 'string')
      .map(([property, value]) => `${id}.${property}: ${value}`),
  );
}

test('two stacks fit into one account, in one region and in several', () => {
  const plain = Template.fromJSON(parse(plainTemplate()));
  for (const template of [synthesised(), synthesised({ front: webFront() }), plain]) {
    assert.deepEqual(fixedNames(template), []);
    template.hasResourceProperties('AWS::CloudWatch::Dashboard', {
      DashboardName: { 'Fn::Join': ['', [{ Ref: 'AWS::StackName' }, '-', { Ref: 'AWS::Region' }]] },
    });
    for (const output of Object.values(template.findOutputs('*'))) {
      assert.equal(output.Export, undefined);
    }
  }
});
