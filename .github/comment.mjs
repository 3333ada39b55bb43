// Keeps one comment of ours on a pull request: writes it, or edits the one that is there. The API that GitHub, Gitea
// and Forgejo have in common; where a runner has no token that may write, the job summary holds the same text.
import { readFileSync } from 'node:fs';

const MARK = '<!-- fleet-synth review -->';
/** The longest that GitHub takes: https://docs.github.com/rest/issues/comments */
const LONGEST = 65_536;

const [file] = process.argv.slice(2);
const { GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN, PULL_REQUEST } = process.env;
const repository = `${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}`;

async function call(method, path, content) {
  const response = await fetch(`${repository}${path}`, {
    method,
    headers: { authorization: `Bearer ${GITHUB_TOKEN}`, 'content-type': 'application/json' },
    body: content && JSON.stringify(content),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

const text = `${MARK}\n${readFileSync(file, 'utf8')}`;
const note = '\n\nThe rest is in the job summary.';
const body = text.length <= LONGEST ? text : text.slice(0, LONGEST - note.length) + note;

// Pages of a hundred: a pull request that was talked about at length has ours among the first.
const comments = await call('GET', `/issues/${PULL_REQUEST}/comments?per_page=100&limit=100`);
const ours = comments.find((comment) => comment.body.startsWith(MARK));
if (ours) await call('PATCH', `/issues/comments/${ours.id}`, { body });
else await call('POST', `/issues/${PULL_REQUEST}/comments`, { body });
