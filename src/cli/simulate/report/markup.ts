/** Text that is markup already; everything else is escaped where it is put in. */
export interface Markup {
  readonly text: string;
}

type Part = string | number | false | Markup | readonly Part[] | undefined;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Puts markup together. What is put in is text, and is escaped, unless it comes from here; undefined and false are nothing. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { text: strings.reduce((text, next, index) => text + textOf(parts[index - 1]) + next) };
}

/** Of our own making: to be put in as it is. */
export function raw(text: string): Markup {
  return { text };
}

function textOf(part: Part): string {
  if (part === undefined || part === false) return '';
  if (typeof part === 'string')
    return part.replaceAll(/[&<>"']/g, (character) => entities[character] as string);
  if (typeof part === 'number') return String(part);
  return 'text' in part ? part.text : part.map(textOf).join('');
}
