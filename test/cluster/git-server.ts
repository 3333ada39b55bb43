// A bare repository over HTTP, the way a forge serves it: git's own http-backend behind a small server on loopback.
import { execFileSync, spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { basename, dirname } from 'node:path';

export interface GitServer {
  /** For `spec.url` of a GitRepository. */
  readonly url: string;
  close(): Promise<void>;
}

/** Splits a CGI answer into status, headers and the rest: https://www.rfc-editor.org/rfc/rfc3875#section-6 */
function parseHead(head: string): { status: number; headers: [string, string][] } {
  const headers = head
    .split('\r\n')
    .filter(Boolean)
    .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
  const status = headers.find(([name]) => name.toLowerCase() === 'status')?.[1] ?? '200';
  return { status: Number.parseInt(status, 10), headers: headers.filter(([name]) => name.toLowerCase() !== 'status') };
}

function runBackend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      // The repository belongs to whoever runs the test; git asks for that only of a home it can read.
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: request.headers['content-length'] ?? '',
      HTTP_CONTENT_ENCODING: String(request.headers['content-encoding'] ?? ''),
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.once('error', () => response.writeHead(500).end());
  child.once('close', () => {
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf('\r\n\r\n');
    if (end < 0) return response.writeHead(500).end();
    const { status, headers } = parseHead(answer.subarray(0, end).toString('latin1'));
    for (const [name, value] of headers) response.setHeader(name, value);
    return response.writeHead(status).end(answer.subarray(end + 4));
  });
}

/** Serves a bare repository for reading; pushes go to its folder. */
export async function serveGit(bareRepository: string, port = 0): Promise<GitServer> {
  execFileSync('git', ['--git-dir', bareRepository, 'rev-parse', '--git-dir'], { stdio: 'ignore' });
  const server = createServer((request, response) => runBackend(dirname(bareRepository), request, response));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const address = server.address();
  const bound = typeof address === 'object' ? address!.port : port;
  return {
    url: `http://127.0.0.1:${bound}/${basename(bareRepository)}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
