import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** Asks a person at a terminal, one question after the other; nothing of what is typed is shown. */
export interface Prompt {
  /** The answer, empty for Enter alone; undefined once there are no more (Ctrl-D). */
  ask(question: string): Promise<string | undefined>;
  close(): void;
}

/** Questions go to stderr, so that stdout can be kept. Ctrl-C ends the command; what was done before stays. */
export function hiddenPrompt(): Prompt {
  // readline draws the line that is being typed: here, to nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const lines = reader[Symbol.asyncIterator]();
  reader.on('SIGINT', () => {
    reader.close();
    process.stderr.write('\n');
    process.exit(130);
  });
  return {
    async ask(question) {
      process.stderr.write(question);
      const { value, done } = await lines.next();
      process.stderr.write('\n');
      return done ? undefined : value;
    },
    close: () => reader.close(),
  };
}
