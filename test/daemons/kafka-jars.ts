// The real Kafka: the jars of its image, from Maven.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'fleet-synth');

const dependency = (group: string, artifact: string, version: string) =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;

/** Folder of the broker, its tools and what makes them log. Downloads them, 55 MB, where they never were needed before. */
export function kafkaJars(version: string): string {
  const folder = join(cache, `kafka-${version}`);
  if (existsSync(folder)) return folder;
  const scratch = `${folder}.${process.pid}`;
  mkdirSync(scratch, { recursive: true });
  writeFileSync(
    join(scratch, 'pom.xml'),
    [
      '<project><modelVersion>4.0.0</modelVersion>',
      '<groupId>test</groupId><artifactId>kafka</artifactId><version>1</version><dependencies>',
      dependency('org.apache.kafka', 'kafka_2.13', version),
      dependency('org.apache.kafka', 'kafka-tools', version),
      dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', '2.25.4'),
      '</dependencies></project>',
    ].join('\n'),
  );
  try {
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${join(scratch, 'jars')}`];
    execFileSync('mvn', ['--quiet', '--batch-mode', ...goal], { cwd: scratch, stdio: ['ignore', 'ignore', 'inherit'] });
    renameSync(join(scratch, 'jars'), folder);
  } catch (error) {
    // Another run came first: its folder holds the same.
    if (!existsSync(folder)) {
      throw new Error(
        `kafka ${version} cannot be had: mvn and java (17 or later) have to be there, and a Maven registry`,
        {
          cause: error,
        },
      );
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return folder;
}
