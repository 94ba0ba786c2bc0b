/** The line that opens a block of code in Markdown. */
export interface Fence {
  readonly mark: '`' | '~';
  readonly length: number;
  /** What stands behind it: a language, mostly. */
  readonly info: string;
}

/** Whether this line could be a fence. Any indentation is taken: models put blocks into lists. */
export function readFence(line: string): Fence | undefined {
  const [, marks = '', info = ''] = /^\s*(`{3,}|~{3,})([^\n]*)$/.exec(line) ?? [];
  const mark = marks[0];
  if ((mark !== '`' && mark !== '~') || (mark === '`' && info.includes('`'))) return undefined;
  return { mark, length: marks.length, info: info.trim() };
}

function closes(fence: Fence, open: Fence): boolean {
  return fence.mark === open.mark && fence.length >= open.length && fence.info === '';
}

/** The block of code that is open after this line, given the one that was open before it. */
function openAfter(line: string, open: Fence | undefined): Fence | undefined {
  const fence = readFence(line);
  if (!fence) return open;
  if (!open) return fence;
  return closes(fence, open) ? undefined : open;
}

/** The block of code in which a text ends. */
export function openFence(text: string): Fence | undefined {
  let open: Fence | undefined;
  for (const line of text.split('\n')) open = openAfter(line, open);
  return open;
}

/** Changes a text that comes in pieces. */
export interface Filter {
  add(text: string): string;
  end(): string;
}

/** Takes away the line that closes a fence around the whole text, whose opening line was taken away before. */
export function unwrap(wrapper: Fence): Filter {
  let inner: Fence | undefined;
  let closed = false;
  /** From a line break on, as long as the line behind it may become a fence. */
  let held = '';

  /** What may be shown of `held`, which begins with a line break and holds a whole line. */
  function show(line: string): string {
    const fence = readFence(line);
    closed = fence !== undefined && inner === undefined && closes(fence, wrapper);
    if (closed) return '';
    inner = openAfter(line.slice(1), inner);
    return line;
  }

  function take(unit: string): string {
    if (closed) return unit;
    if (held === '' && unit !== '\n') return unit;
    if (held !== '' && unit === '\n') {
      const shown = show(held);
      held = closed ? '' : unit;
      return closed ? unit : shown;
    }
    held += unit;
    if (mayBecomeFence(held)) return '';
    const shown = held;
    held = '';
    return shown;
  }

  return {
    add(text) {
      if (closed) return text;
      let shown = '';
      for (let index = 0; index < text.length; index++) shown += take(text.charAt(index));
      return shown;
    },
    end() {
      const last = held === '' || closed ? '' : show(held);
      held = '';
      return last;
    },
  };
}

function mayBecomeFence(line: string): boolean {
  return /^\s*(?:`{0,2}|~{0,2}|`{3,}[^\n`]*|~{3,}[^\n]*)$/.test(line);
}
