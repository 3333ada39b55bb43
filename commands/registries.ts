import { toYaml } from '../synth/emit.ts';
import { k3sRegistries } from '../synth/k3s-registries.ts';
import { environmentNames, load, Refusal } from './project.ts';

/** Prints K3s' registries.yaml, for its owner to install on every node. */
export async function registries(wanted: string) {
  const [name] = environmentNames([wanted]) as [string];
  const environment = await load(name);
  const { prefix } = environment.registries.own;
  const file = k3sRegistries(environment);
  if (!file) throw new Refusal(`${name}: ${prefix} is reached by HTTPS, K3s needs no file for it`);
  console.log(`# /etc/rancher/k3s/registries.yaml of every node of ${name}; then: systemctl restart k3s k3s-agent`);
  process.stdout.write(toYaml(file));
}
