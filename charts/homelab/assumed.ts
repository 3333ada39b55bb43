import type { AssumedFacts } from '../assumed.ts';

/** What the plan of the homelab leaves open. */
export const assumed = {
  nodes: {
    value: {
      names: ['homelab-1', 'homelab-2', 'homelab-3'],
      arch: 'amd64',
      cpu: '3800m',
      memory: '15Gi',
      disk: '450Gi',
    },
    because: 'the plan names no machine: three small PCs with four cores and 16 GB, so that one may be lost',
    look: 'kubectl get nodes -o wide; kubectl describe nodes | grep -A6 Allocatable',
  },
  'page size': {
    value: '4Ki',
    because: 'that of every amd64 kernel; Qdrant aborts on a Raspberry Pi OS of 16Ki',
    look: 'getconf PAGESIZE, on each node',
  },
  network: {
    value: { nodes: '192.168.1.0/24', controlPlane: '192.168.1.20/32' },
    because: 'the usual range of a home router',
    look: 'kubectl get endpoints kubernetes; kubectl get nodes -o wide',
  },
  domain: {
    value: 'homelab.example.net',
    because: "the plan names no host; HTTP-01 needs names that Let's Encrypt can reach",
    look: 'the records at your DNS provider',
  },
  registry: {
    value: 'registry.homelab.example.net:5000',
    because: 'the plan has a local registry without TLS, and no address of it',
    look: 'docker images, or the push step of the scripts in use',
  },
  people: {
    value: { slack: '#homelab', repository: 'ssh://git@github.com/example/homelab' },
    because: 'the plan names no channel, and of the repository that Flux cannot reach only that it is at GitHub',
    look: 'git remote get-url origin',
  },
  'backup bucket': {
    value: { url: 'https://0123456789abcdef.r2.cloudflarestorage.com', name: 'homelab-backups' },
    because: 'the plan backs nothing up; what is only in the house burns with it',
    look: 'the S3 address that the provider of the bucket shows',
  },
  ports: {
    value: { backend: 8000, frontend: 8080, dashboard: 8080 },
    because: "uvicorn's own for the Python services, nginx without root for the frontend",
    look: 'EXPOSE in the Dockerfiles',
  },
  health: {
    value: { backend: '/health', dashboard: '/health', frontend: '/' },
    because: 'the plan says that services remain healthy, and not how one sees it',
    look: 'the routes of each service',
  },
  'outside calls': {
    value: 'HTTPS to anywhere, of family-assistant and n8n',
    because: 'an assistant asks a model, a workflow whatever it is made for; the plan names neither',
    look: "the services' logs for timeouts, once their network is closed",
  },
  versions: {
    value: { postgres: '17', services: 'v2.1.0' },
    because: 'the plan pins no PostgreSQL; 2.1.0 is the version in its examples',
    look: 'SELECT version(); git tag',
  },
} as const satisfies AssumedFacts;
