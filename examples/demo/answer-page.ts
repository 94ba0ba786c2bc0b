import { styleText } from 'node:util';

/** Where an answer is read as it is written. */
export interface AnswerPage {
  begin(title: string, meaning: string): void;
  /** Who writes from now on. */
  writer(target: string): void;
  write(text: string): void;
  /** The writer is gone. */
  broke(target: string, why: string): void;
  /** What was written is void. */
  takeBack(): void;
  end(summary: string): void;
}

const margin = '  ';
const widest = 92;
const inks = { gpt: 'cyanBright', claude: 'yellowBright' } as const;
type Writer = keyof typeof inks;

/** In colours that show who writes, and with text that is truly taken back, on a terminal; in plain lines elsewhere. */
export function answerPage(output: NodeJS.WriteStream): AnswerPage {
  return output.isTTY && !process.env['CI'] ? livePage(output) : plainPage((line) => console.log(line));
}

function livePage(terminal: NodeJS.WriteStream): AnswerPage {
  const width = Math.min(widest, terminal.columns - 1);
  let ink: (typeof inks)[Writer] = inks.gpt;
  let column = 0;
  /** Of the text that can still be taken back. */
  let written = '';
  let lines = 0;

  const put = (text: string) => void terminal.write(text);
  function fresh(): void {
    if (column > 0) put('\n');
    column = 0;
  }
  /** Words are never split over two lines: they are counted before they are taken back. */
  function word(text: string, style: Parameters<typeof styleText>[0]): void {
    if (column > 0 && column + text.trimEnd().length > width) {
      put('\n');
      column = 0;
      lines += 1;
    }
    if (column === 0) {
      put(margin);
      column = margin.length;
    }
    put(styleText(style, text));
    column += text.length;
  }

  return {
    begin(title, meaning) {
      put(`${styleText('bold', title)}  ${styleText('dim', meaning)}\n`);
    },
    writer: (target) => void (ink = inks[target as Writer]),
    write(text) {
      written += text;
      for (const piece of text.match(/\S+\s*|\s+/g) ?? []) word(piece, ink);
    },
    broke: (target) => word(`✕ ${target} is gone `, ['red', 'dim']),
    takeBack() {
      // The whole of it is written over, struck out: a page in a browser would clear it.
      put(`\r${lines > 0 ? `\x1b[${lines}A` : ''}\x1b[J`);
      column = 0;
      lines = 0;
      for (const piece of written.match(/\S+\s*|\s+/g) ?? []) word(piece, ['dim', 'strikethrough']);
      word('↻ restart', 'red');
      fresh();
      lines = 0;
      written = '';
    },
    end(summary) {
      fresh();
      put(`${margin}${styleText('dim', summary)}\n\n`);
    },
  };
}

/** A line for each stretch of text, with its writer's name. */
function plainPage(print: (line: string) => void): AnswerPage {
  let writer = 'gpt';
  let written = '';
  const flush = () => {
    if (written !== '') print(`${margin}[${writer}] ${written.trim()}`);
    written = '';
  };
  return {
    begin: (title, meaning) => print(`${title}: ${meaning}`),
    writer(target) {
      flush();
      writer = target;
    },
    write: (text) => void (written += text),
    broke(target, why) {
      flush();
      print(`${margin}[cut] ${target}: ${why}`);
    },
    takeBack: () => print(`${margin}[restart] what was read is void`),
    end(summary) {
      flush();
      print(`${margin}${summary}\n`);
    },
  };
}
