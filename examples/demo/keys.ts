import { exec } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { promisify } from 'node:util';

/** Where a vendor's key comes from; an empty one leaves the vendor out. */
export type KeySource = (vendor: string) => Promise<string>;

/** Asks on the terminal, and shows nothing of what is typed or pasted. */
export const promptForKey: KeySource = (vendor) => prompt(`${vendor}: key (empty: without it) `, true);

/** Runs a command of the user's own, such as `pass show llm/{vendor}`. */
export function keyFromCommand(command: string): KeySource {
  return async (vendor) => {
    try {
      const { stdout } = await promisify(exec)(command.replaceAll('{vendor}', vendor));
      return stdout.trim();
    } catch {
      // Not the error itself: it would show the command, and perhaps what the command said.
      console.error(`${vendor}: the command has no key for it`);
      return '';
    }
  };
}

export function prompt(question: string, hidden = false): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const output = hidden ? nowhere : process.stdout;
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  if (hidden) process.stdout.write(question);
  return new Promise((resolve) => {
    lines.once('SIGINT', () => process.exit(130));
    // The end of the input is an empty answer.
    lines.once('close', () => resolve(''));
    lines.question(hidden ? '' : question, (answer) => {
      resolve(answer.trim());
      lines.close();
      if (hidden) process.stdout.write('\n');
    });
  });
}
