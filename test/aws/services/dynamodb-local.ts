import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runWell } from '../../clients/harness/run.ts';
import { keptProgram } from './kept-program.ts';
import { type Service, startService } from './service.ts';

const version = '2.6.1';
const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';
const fetchMs = 600_000;

/** Amazon's DynamoDB Local from Maven Central: in memory, and without its telemetry. */
export async function startDynamoDbLocal(): Promise<Service> {
  const folder = await keptProgram(`dynamodb-local-${version}`, fetchJars);
  return await startService({
    program: 'java',
    args: (port) => [
      '-Xmx1g',
      `-Djava.library.path=${folder}`,
      '-cp',
      join(folder, '*'),
      'com.amazonaws.services.dynamodbv2.local.main.ServerRunner',
      ...['-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)],
    ],
    readyPath: '/',
  });
}

/** The jar and all it needs, SQLite for this machine among them. */
async function fetchJars(folder: string): Promise<void> {
  const pom = join(folder, 'pom.xml');
  writeFileSync(
    pom,
    `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>pullfront.test</groupId>
  <artifactId>dynamodb-local</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>com.amazonaws</groupId>
      <artifactId>DynamoDBLocal</artifactId>
      <version>${version}</version>
    </dependency>
  </dependencies>
</project>
`,
  );
  const copy = [`${plugin}:copy-dependencies`, `-DoutputDirectory=${folder}`];
  await runWell('mvn', ['-q', '-B', '-f', pom, ...copy, '-DincludeScope=runtime'], {
    timeoutMs: fetchMs,
  });
}
