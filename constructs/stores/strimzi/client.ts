import { Construct, type IConstruct } from 'constructs';
import { KafkaUser } from '../../../imports/strimzi.ts';
import { Credential } from '../../credential.ts';
import type { Dependency, Endpoint, Env } from '../../dependency.ts';
import type { TopicUse } from '../kafka/clients.ts';
import type { StrimziKafka } from '../strimzi.ts';

type Operation = 'Read' | 'Write' | 'Describe';

/**
 * A user: KafkaUser with the rights to what it uses, and the Credential with its password, in every namespace that reads
 * it. Brings the settings a client logs in with.
 */
export class Client extends Construct implements Dependency {
  readonly env: Env;
  readonly endpoints: readonly Endpoint[];
  readonly construct: IConstruct = this;

  constructor(kafka: StrimziKafka, id: string, { consumes = [], produces = [] }: TopicUse) {
    super(kafka, id);
    const password = new Credential(this, 'password', {
      name: `${kafka.name}-${id}`,
      namespaces: kafka.readers,
      keys: { password: { length: 32 } },
    }).key('password');
    const right = (type: 'topic' | 'group', name: string, ...operations: Operation[]) => ({
      resource: { type, name, patternType: 'literal' as const },
      operations,
    });

    new KafkaUser(this, 'user', {
      metadata: kafka.metadata(id, kafka.labels),
      spec: {
        authentication: {
          type: 'scram-sha-512',
          password: { valueFrom: { secretKeyRef: { name: password.secret, key: password.key } } },
        },
        authorization: {
          type: 'simple',
          acls: [
            ...consumes.map((topic) => right('topic', topic, 'Read', 'Describe')),
            ...(consumes.length ? [right('group', id, 'Read')] : []),
            ...produces.map((topic) => right('topic', topic, 'Write', 'Describe')),
          ],
        },
      },
    });
    this.endpoints = kafka.endpoints;
    this.env = {
      ...kafka.env,
      KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT',
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_USERNAME: id,
      KAFKA_PASSWORD: password,
    };
  }
}
