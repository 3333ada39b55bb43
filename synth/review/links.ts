import type { LinkOf } from './markdown.ts';

/** Addresses of lines at one commit, in the forge that `remote` names: GitHub, GitLab, else Gitea's and Forgejo's form. */
export function linksTo(remote: string | undefined, commit: string): LinkOf {
  const [, host, path] =
    /^(?:https?:\/\/(?:[^@/]*@)?|ssh:\/\/[^@/]+@|[\w.-]+@)([\w.-]+)(?::\d+)?[:/]+(.+?)(?:\.git)?\/?$/.exec(
      remote ?? '',
    ) ?? [];
  if (!host || !path) return () => undefined;
  const folder = /gitlab/.test(host) ? '-/blob' : /github/.test(host) ? 'blob' : 'src/commit';
  return ({ file, line }) =>
    `https://${host}/${path}/${folder}/${commit}/${file.split('/').map(encodeURIComponent).join('/')}#L${line}`;
}
