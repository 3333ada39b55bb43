import { machinesOf } from '../../platform/k3s-hosts.ts';
import { hosts } from '../../versions.ts';
import { grafanaOf, ofKind, type Rendered } from './facts.ts';
import { shell } from './text.ts';

export function install(rendered: Rendered): string {
  const { environment, notifi } = rendered;
  const { name } = environment;
  const { server, machines } = machinesOf(environment);
  const agents = machines.filter((machine) => machine !== server);
  const routed = ofKind(rendered, 'Ingress').flatMap(({ spec }) =>
    spec.rules.map(({ host }: { host: string }) => host),
  );
  const names = [...new Set([...routed, grafanaOf(rendered)])];
  return `## From bare nodes to a running Notifi

Before anything else, make the environment yours: \`charts/environments/${name}.ts\` has the addresses, the domain, the registry
and the repository; then \`npm run synth -- ${name} && npm run handbook -- ${name}\`, commit and push.

1. **Machines.** Ubuntu Server 24.04 LTS on all of them (22.04 does not know the Raspberry Pi 5), with the address above as
   static address and the name as host name. On the Pis, add \`cgroup_enable=cpuset cgroup_enable=memory cgroup_memory=1\` to
   \`/boot/firmware/cmdline.txt\`. Swap off: \`swapoff -a\`, and out of \`/etc/fstab\`. Then on each of them:

   ${shell(
     'sudo apt update && sudo apt full-upgrade -y && sudo apt install -y nftables open-iscsi nfs-common',
     `sudo install -D -m 600 ${name}/k3s/$(hostname).yaml /etc/rancher/k3s/config.yaml   # docs/${name}/k3s/`,
     `sudo install -m 644 ${name}/nftables.conf /etc/nftables.conf && sudo systemctl enable --now nftables`,
     'sudo install -m 600 token /etc/rancher/k3s/token   # one for all, made once: openssl rand -hex 32 > token',
   ).replaceAll('\n', '\n   ')}

2. **K3s.** First on ${server.name}, then on ${agents.map((agent) => agent.name).join(', ')}:

   ${shell(
     `curl -sfL https://get.k3s.io | INSTALL_K3S_VERSION=${hosts.k3s.version} sh -s - server   # ${server.name}`,
     `curl -sfL https://get.k3s.io | INSTALL_K3S_VERSION=${hosts.k3s.version} sh -s - agent    # each of the others`,
   ).replaceAll('\n', '\n   ')}

   The kubeconfig, \`/etc/rancher/k3s/k3s.yaml\`, is root's: copy it by \`sudo\`, and replace 127.0.0.1 with
   ${server.machine.address}. The API is for the LAN; forward no port of the router to it. \`kubectl get nodes\` shows ${machines.length} nodes.

3. **Edge.** On the edge host: \`apt install nginx libnginx-mod-stream\`, put \`docs/${name}/nginx.conf\` to \`/etc/nginx/nginx.conf\`,
   \`nginx -t && systemctl reload nginx\`. The router forwards 80 and 443 to it, and nothing else. Point these names at your
   public address: ${names.join(', ')}.

4. **Flux.** ${bootstrap(rendered)}

   README, "Bringing a cluster under Flux", has the patch of \`flux-system/kustomization.yaml\`.

5. **Secrets.** The pods wait for theirs. Fetch the certificate once, then seal them all: what may be made up is made up, the
   rest are keys of your providers, which you are asked for (\`@id_ed25519\` for the content of a file, Enter for later) or which
   \`--from-env-file\` takes from a file. A second run goes on with what is left.

   ${shell(
     `mkdir -p clusters/${name}/secrets && kubeseal --controller-namespace sealed-secrets --fetch-cert \\`,
     `  > clusters/${name}/secrets/certificate.pem`,
     `ssh-keyscan -t ed25519 ${notifi.backups.nas.host} > known_hosts && ssh-keygen -t ed25519 -N '' -f id_ed25519   # its .pub goes to the NAS`,
     `npm run seal -- ${name} --all`,
     `npm run seal -- ${name}   # lists what is left`,
     `printf 'TELEGRAM_BOT_TOKEN=%s\\n' "$token" | npm run seal -- ${name} notifi/telegram-messenger-credentials   # one alone`,
     'shred -u id_ed25519 && git add clusters && git commit -m "Seal secrets" && git push',
   ).replaceAll('\n', '\n   ')}

   A Secret that several namespaces read is sealed for each of them, with the same values. **Save the sealing key** outside of
   the cluster, or none of these files can ever be opened by another one:
   \`kubectl -n sealed-secrets get secret -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml > sealing-key.yaml\`

6. **Watch it come up.** \`flux get kustomizations --watch\`: the platform, then the stores, then the services. Then:

   ${shell(`curl https://${notifi.hosts.api}/health`, 'kubectl get pods -A --field-selector=status.phase!=Running,status.phase!=Succeeded').replaceAll('\n', '\n   ')}`;
}

/** As the environment says that Flux reads. */
function bootstrap({ environment: { name, repository } }: Rendered): string {
  if (repository.kind === 'oci') {
    return `As [artifacts.md](artifacts.md) says below "Once", with \`${name}\` for \`<env>\`; \`npm run artifact -- ${name}\` follows every \`git push\`.`;
  }
  return `It prints a key and waits: add it to the repository as a deploy key with write access, for Flux commits new tags of images:

   ${shell(
     `flux bootstrap git --url=${repository.url} --branch=${repository.branch} --path=clusters/${name} \\`,
     '  --components-extra=image-reflector-controller,image-automation-controller',
     `git pull && npm run synth -- ${name}   # lists flux-system from now on`,
   ).replaceAll('\n', '\n   ')}`;
}
