import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Refusal } from '../project.ts';

/** How one logs in to a registry: by name and password, or by a token that is changed for another one. */
export type Login = { readonly user: string; readonly password: string } | { readonly identityToken: string };

interface DockerConfig {
  readonly auths?: Readonly<
    Record<string, { auth?: string; username?: string; password?: string; identitytoken?: string }>
  >;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
}

/** Docker Hub is written down under the address of its first version. */
const namesOf = (host: string) => (host === 'docker.io' ? ['index.docker.io', 'docker.io'] : [host]);

/**
 * What `docker login`, `podman login --compat-auth-file` or `flux push`'s user left in Docker's configuration: a credential helper where it
 * names one, else its own list. Undefined where nobody logged in.
 * @see https://docs.docker.com/reference/cli/docker/login/#credential-helpers
 */
export function loginFor(host: string): Login | undefined {
  const file = join(process.env['DOCKER_CONFIG'] || join(homedir(), '.docker'), 'config.json');
  const config = configIn(file);
  const names = namesOf(host);
  const helper = names.map((name) => config.credHelpers?.[name]).find(Boolean) ?? config.credsStore;
  const helped = helper && fromHelper(helper, host === 'docker.io' ? 'https://index.docker.io/v1/' : host, file);
  if (helped) return helped;
  const [, found] =
    Object.entries(config.auths ?? {}).find(([key]) =>
      names.includes(key.replace(/^https?:\/\//, '').split('/')[0]!),
    ) ?? [];
  if (!found) return undefined;
  if (found.identitytoken) return { identityToken: found.identitytoken };
  if (found.username && found.password) return { user: found.username, password: found.password };
  if (!found.auth) return undefined;
  const [, user, password] = /^([^:]+):(.*)$/s.exec(Buffer.from(found.auth, 'base64').toString()) ?? [];
  if (!user || password === undefined) {
    throw new Refusal(`${file}: auth of ${host} is no base64 of user:password; docker login ${host} writes it anew`);
  }
  return { user, password };
}

function configIn(file: string): DockerConfig {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Refusal(`${file}: cannot be read (${(error as Error).message})`);
  }
  try {
    const config: unknown = JSON.parse(content);
    if (typeof config === 'object' && config) return config;
  } catch {
    // Said below, without the content: it may hold passwords.
  }
  throw new Refusal(`${file}: is no JSON; docker login writes it`);
}

/** @see https://github.com/docker/docker-credential-helpers#development */
function fromHelper(helper: string, server: string, file: string): Login | undefined {
  const program = `docker-credential-${helper}`;
  const { status, stdout, stderr, error } = spawnSync(program, ['get'], {
    input: server,
    env: process.env,
    encoding: 'utf8',
    timeout: 30_000,
  });
  // One that does not read to the end of what it is told has answered all the same.
  if (error && status === null) {
    throw new Refusal(
      `${program}: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'not found' : error.message}, and ${file} says that it keeps the login of ${server}`,
    );
  }
  // Helpers say so on either stream, in these words.
  if (status !== 0 && /credentials not found/i.test(stdout + stderr)) return undefined;
  let answer: { Username?: string; Secret?: string } = {};
  try {
    answer = JSON.parse(stdout);
  } catch {
    // Said below: what it printed may hold a password.
  }
  if (status !== 0 || !answer.Secret) {
    throw new Refusal(
      `${program}: has no login of ${server} (exit code ${status}); try: echo ${server} | ${program} get`,
    );
  }
  const { Username: user = '', Secret: password } = answer;
  return user === '<token>' ? { identityToken: password } : { user, password };
}
