import type { Terminal } from '../terminal.ts';

/** Says on a terminal what is being run, in one line that goes away; elsewhere nothing. */
export function createProgress(err: Terminal['err'], total: number) {
  let begun = 0;
  const write = (text: string) => {
    // Back to the start of the line, and what was there is cleared.
    if (err.isTTY) err.write(`\r\x1b[K${text}`);
  };
  return {
    begin(what: string): void {
      begun += 1;
      write(`${begun} of ${total}: ${what} …`);
    },
    end: () => write(''),
  };
}
