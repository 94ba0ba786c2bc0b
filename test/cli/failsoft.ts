import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/cli/run.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const main = join(root, 'src/cli/main.ts');

/** What a command wrote, and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command within this process, which is quicker. */
export function failsoft(...words: string[]): Promise<Ran> {
  return runIn(words, { isTTY: false });
}

/** The same, as on a terminal. */
export function failsoftOnTerminal(...words: string[]): Promise<Ran> {
  return runIn(words, { isTTY: true });
}

async function runIn(words: readonly string[], { isTTY }: { readonly isTTY: boolean }): Promise<Ran> {
  const written = { out: '', err: '' };
  const stream = (name: keyof typeof written) =>
    ({
      isTTY,
      write: (text: string) => ((written[name] += text), true),
    }) as unknown as NodeJS.WriteStream;
  const code = await run(words, { out: stream('out'), err: stream('err') });
  return { code, ...written };
}

/** Runs the command from its source, as a process of its own. */
export function failsoftProcess(...words: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const args = ['--conditions=failsoft-source', main, ...words];
    execFile(process.execPath, args, { cwd: root, maxBuffer: 64_000_000 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

export function fixture(name: string): string {
  return join(root, 'test/cli/hosts', name);
}

/** A folder that goes away with the test. */
export function scratch(): Disposable & { file(name: string, text?: string): string } {
  const folder = mkdtempSync(join(tmpdir(), 'failsoft-cli-'));
  return {
    file(name, text) {
      const path = join(folder, name);
      if (text !== undefined) writeFileSync(path, text);
      return path;
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
