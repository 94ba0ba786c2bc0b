import { simulateCommand } from './simulate/command.ts';
import { exitCodes, type Terminal } from './terminal.ts';
import { ownVersion } from './version.ts';
import { notAmong, WrongUse } from './wrong-use.ts';

const help = `Usage: failsoft <command>

Commands:
  simulate    runs scenarios of failure against a router, in virtual time

'failsoft <command> --help' says more; 'failsoft --version' says which version this is.
`;

const commands = { simulate: simulateCommand };

/** Runs the command that the words name, and resolves to the exit code. */
export async function run(words: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const [name = '--help', ...rest] = words;
    if (['--help', '-h', 'help'].includes(name)) return say(terminal, help);
    if (['--version', '-v'].includes(name)) return say(terminal, `${ownVersion()}\n`);
    if (Object.hasOwn(commands, name)) return await commands[name as keyof typeof commands](rest, terminal);
    throw notAmong(name.startsWith('-') ? 'option' : 'command', name, [
      ...Object.keys(commands),
      '--help',
      '--version',
    ]);
  } catch (error) {
    if (!(error instanceof WrongUse)) throw error;
    terminal.err.write(`failsoft: ${error.message}\n`);
    return exitCodes.wrongUse;
  }
}

function say({ out }: Terminal, text: string): number {
  out.write(text);
  return exitCodes.ok;
}
