// What is wrong with the stores of the plans that this project came from, and what is rendered instead, on environment lab
// with every kind of store. One test per defect; the number in brackets is that of the finding. That it works is proven in
// test/daemons.
import lab from '../../../charts/environments/lab.ts';
import { type Plain, rendered } from '../environment.ts';

export type { Plain };

export const { objects, find } = rendered(lab);

export const store = (name: string, namespace = 'lab'): Plain => find('StatefulSet', namespace, name);
export const pod = (name: string, namespace?: string): Plain => store(name, namespace).spec.template.spec;
export const container = (of: string, name = of, namespace?: string): Plain =>
  pod(of, namespace).containers.find((each: Plain) => each.name === name);
export const data = (name: string, namespace = 'lab'): Plain => find('ConfigMap', namespace, name).data;
export const ofKind = (kind: string) => objects.filter((object) => object.kind === kind);
export const replicated = () => ofKind('StatefulSet').filter(({ spec }) => spec.replicas > 1);
export const variable = (of: Plain, name: string) => of.env.find((each: Plain) => each.name === name);
/** Bytes of a Kubernetes quantity in Mi or Gi. */
export const bytes = (text: string) => Number.parseInt(text, 10) * (text.endsWith('Gi') ? 2 ** 30 : 2 ** 20);
