import { bootstrapped, type ClusterFacts } from './bootstrapped.ts';

/** What is alike in every GKE cluster that Flux was bootstrapped into, with its image controllers. */
export const gke = {
  ...bootstrapped,
  kubernetes: '1.34',
  storageClasses: {
    'standard-rwo': { kind: 'network', default: true, expandable: true },
    'premium-rwo': { kind: 'network', expandable: true },
  },
} satisfies ClusterFacts;
