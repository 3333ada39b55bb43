import type { Environment } from '../../../imports/environment.ts';
import { machinesOf } from '../../platform/k3s-hosts.ts';

/**
 * Nginx of the edge host: passes whole connections on, encrypted as they are, so the certificates are in the cluster alone.
 * Traefik learns the client's address by the PROXY protocol. Only nodes that run a Traefik are asked.
 * @see https://nginx.org/en/docs/stream/ngx_stream_proxy_module.html
 */
export function edge(environment: Environment, ports: { readonly web: number; readonly websecure: number }): string {
  const { machines } = machinesOf(environment);
  const workers = machines.filter(({ taints = [] }) => taints.every(({ effect }) => effect === 'PreferNoSchedule'));
  const upstream = (name: string, port: number) =>
    [
      `  upstream ${name} {`,
      ...workers.map(
        ({ name: node, machine }) => `    server ${machine.address}:${port} max_fails=2 fail_timeout=10s; # ${node}`,
      ),
      '  }',
    ].join('\n');
  const listen = (port: number, to: string) => `  server {
    listen ${port};
    listen [::]:${port};
    proxy_pass ${to};
  }`;
  return `# /etc/nginx/nginx.conf of the edge; Debian and Ubuntu: apt install nginx libnginx-mod-stream
load_module modules/ngx_stream_module.so;
user www-data;
worker_processes auto;
pid /run/nginx.pid;

events {
  worker_connections 4096;
}

stream {
  log_format connections '$remote_addr $time_iso8601 $protocol $status $bytes_sent $bytes_received $session_time $upstream_addr';
  access_log /var/log/nginx/connections.log connections;
  error_log /var/log/nginx/error.log warn;

  # Per address; Traefik limits requests.
  limit_conn_zone $binary_remote_addr zone=addresses:10m;
  limit_conn addresses 200;

  proxy_protocol on;
  proxy_connect_timeout 2s;
  # As long as a quiet websocket may be.
  proxy_timeout 15m;
  proxy_next_upstream on;

${upstream('traefik_web', ports.web)}
${upstream('traefik_websecure', ports.websecure)}

${listen(80, 'traefik_web')}
${listen(443, 'traefik_websecure')}
}
`;
}
