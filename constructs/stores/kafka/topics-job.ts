import type { HaStatefulStore } from '../../ha-stateful-store.ts';
import type { Image } from '../../images.ts';
import { StoreJob } from '../store-job.ts';
import { replicationOf, settingsOf, type Topic } from './topics.ts';

export interface TopicsJobProps {
  readonly topics: readonly Topic[];
  /** Every member. */
  readonly servers: string;
  /** Has bash and Kafka's tools. */
  readonly image: Image;
}

/**
 * Job that makes the topics which are missing, adds the partitions that are, and sets what is declared of them. It changes
 * nothing that is as it should be, and deletes nothing. It fails where a topic has more partitions or other copies than
 * declared, which no command can change in place. It waits for the members as long as that takes.
 * @see https://kafka.apache.org/documentation/#basic_ops
 */
export class TopicsJob extends StoreJob {
  constructor(store: HaStatefulStore, id: string, { topics, servers, image }: TopicsJobProps) {
    const name = `${store.name}-topics`;
    super(store, id, {
      name,
      image,
      size: 'medium',
      run: { command: ['bash', '/scripts/topics.sh'] },
      env: { SERVERS: servers, LOG_DIR: '/tmp' },
      files: { '/scripts/topics.sh': script(topics, store.members) },
      calls: [{ endpoints: [store.endpoint('kafka')] }],
    });
  }
}

// Each of Kafka's tools takes seconds to start, so it is asked once, and told only what differs.
const script = (topics: readonly Topic[], members: number) => `#!/bin/bash
set -euo pipefail
export PATH="$PATH:/opt/kafka/bin"

until found=$(kafka-topics.sh --bootstrap-server "$SERVERS" --describe --exclude-internal); do sleep 5; done
declare -A partitions replicas settings
while IFS=$'\\t' read -r topic _ count factor config; do
  # Lines on single partitions have no count of them.
  [[ $count == PartitionCount:* ]] || continue
  topic=\${topic#Topic: }
  partitions[$topic]=\${count#PartitionCount: }
  replicas[$topic]=\${factor#ReplicationFactor: }
  settings[$topic]=,\${config#Configs: },
done <<< "$found"

failed=0
topic() { # name partitions replicas setting...
  local name=$1 count=$2 factor=$3 setting missing=()
  shift 3
  if [[ ! \${partitions[$name]:-} ]]; then
    kafka-topics.sh --bootstrap-server "$SERVERS" --create --if-not-exists --topic "$name" \\
      --partitions "$count" --replication-factor "$factor" "\${@/#/--config=}"
    return
  fi
  if (( partitions[$name] > count || replicas[$name] != factor )); then
    echo "$name: has \${partitions[$name]} partitions in \${replicas[$name]} copies, $count in $factor are declared; declare what it has, or move it" >&2
    failed=1
    return
  fi
  if (( partitions[$name] < count )); then
    kafka-topics.sh --bootstrap-server "$SERVERS" --alter --topic "$name" --partitions "$count"
    echo "$name: now has $count partitions"
  fi
  for setting; do
    [[ \${settings[$name]} == *",$setting,"* ]] || missing+=("$setting")
  done
  if (( \${#missing[@]} )); then
    kafka-configs.sh --bootstrap-server "$SERVERS" --alter --topic "$name" --add-config "$(IFS=,; echo "\${missing[*]}")"
  fi
}

${topics.map((topic) => command(topic, members)).join('\n')}
echo 'topics: done'
exit "$failed"
`;

function command(topic: Topic, members: number): string {
  const { replicas } = replicationOf(members, topic.replicas);
  const settings = Object.entries(settingsOf(topic, members)).map(([name, value]) => `${name}=${value}`);
  return ['topic', topic.name, topic.partitions, replicas, ...settings].join(' ');
}
