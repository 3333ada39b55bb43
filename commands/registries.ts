import { toYaml } from '../synth/emit.ts';
import { k3sRegistries } from '../synth/k3s-registries.ts';
import { type Format, jsonOf } from '../synth/report.ts';
import { described } from './described.ts';
import { environmentNames, Refusal } from './project.ts';

const PATH = '/etc/rancher/k3s/registries.yaml';

/** Prints K3s' registries.yaml, for its owner to install on every node. */
export async function registries(wanted: string, { format }: { readonly format: Format }) {
  const [name] = environmentNames([wanted]) as [string];
  const environment = await described(name);
  const { prefix } = environment.registries.own;
  const file = k3sRegistries(environment);
  if (!file) throw new Refusal(`${name}: ${prefix} is reached by HTTPS, K3s needs no file for it`);
  if (format === 'json') return console.log(jsonOf({ environment: name, path: PATH, registries: file }));
  console.log(`# ${PATH} of every node of ${name}; then: systemctl restart k3s k3s-agent`);
  process.stdout.write(toYaml(file));
}
