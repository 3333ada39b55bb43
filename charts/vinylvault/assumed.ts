import type { AssumedFacts } from '../assumed.ts';

/** What the plan of Vinyl Vault leaves open. */
export const assumed = {
  'node memory': {
    value: '7400Mi',
    because: 'a Raspberry Pi 5 with 8 GB, less what the kernel and K3s take',
    look: 'kubectl get nodes -o custom-columns=NAME:.metadata.name,MEMORY:.status.allocatable.memory',
  },
  'node cpu': {
    value: '3500m',
    because: 'four cores, less what the kernel and K3s take',
    look: 'kubectl get nodes -o custom-columns=NAME:.metadata.name,CPU:.status.allocatable.cpu',
  },
  'node disk': {
    value: '450Gi',
    because: 'a 500 GB SSD on each: MongoDB wears an SD card out, and the plan puts up to 180Gi on a node',
    look: 'kubectl get nodes -o custom-columns=NAME:.metadata.name,DISK:.status.allocatable.ephemeral-storage',
  },
  'control plane': {
    value: '192.168.1.10/32',
    because: 'the plan names the network, 192.168.1.0/24, and no address of a node in it',
    look: 'kubectl get endpoints kubernetes',
  },
  'backup export': {
    value: '/volume1/k8s-backups',
    because: 'backups go to a separate folder of the NAS in the plan, without a name',
    look: 'showmount --exports 192.168.1.5',
  },
  ports: {
    value: { backend: 4001, bff: 4000, frontend: 8080 },
    because: 'the usual ones of such programs; the frontend is nginx without root, which cannot listen below 1024',
    look: 'EXPOSE in the three Dockerfiles',
  },
  paths: {
    value: { api: '/graphql', auth: '/auth', webhook: '/webhooks/github' },
    because: 'the plan names GraphQL, a login by GitHub and a webhook, and none of their paths',
    look: 'the routes in packages/bff/src/index.ts and packages/backend/src/index.ts',
  },
  images: {
    value: 'ghcr.io/loitzl',
    because: "the owner of production's domain; the plan names ghcr.io alone",
    look: 'the owner of the repository on GitHub',
  },
  people: {
    value: { email: 'vinylvault@loitzl.com', slack: '#vinylvault', repository: 'ssh://git@github.com/loitzl/fleet' },
    because: 'the plan wants alerts, and says neither to whom nor where this repository lies',
    look: 'ask whoever is to be woken up',
  },
  variables: {
    value: [
      'JWT_SECRET',
      'SESSION_SECRET',
      'GITHUB_CLIENT_ID',
      'GITHUB_CLIENT_SECRET',
      'DISCOGS_API_KEY',
      'BACKEND_URL',
      'FRONTEND_URL',
    ],
    because:
      'the plan names the three MongoDB variables and the four of the GitHub App, and says of the others what they are for',
    look: '.env.sample of the application',
  },
} as const satisfies AssumedFacts;
