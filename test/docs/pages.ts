import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** README, changelog and everything in docs/, as paths from the root. */
export function allPages(): string[] {
  const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
  return [
    'README.md',
    'CHANGELOG.md',
    ...inDocs.filter((path) => path.endsWith('.md')).map((path) => join('docs', path)),
  ];
}

/** The rows of the first table below a heading, without the head: cells as plain text, code marks taken off. */
export function tableUnder(page: string, heading: string): string[][] {
  const lines = textOf(page).split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && plain(line.replace(/^#+ /, '')) === heading);
  if (start < 0) throw new Error(`${page} has no heading "${heading}"`);
  const section = lines.slice(start + 1);
  const first = section.findIndex((line) => line.startsWith('|'));
  const next = section.findIndex((line) => /^#/.test(line));
  if (first < 0 || (next >= 0 && next < first)) throw new Error(`${page} has no table under "${heading}"`);
  const length = section.slice(first).findIndex((line) => !line.startsWith('|'));
  const rows = section.slice(first, length < 0 ? undefined : first + length);
  return rows.slice(2).map(cellsOf);
}

/** The first cells of that table. */
export function namesUnder(page: string, heading: string): string[] {
  return tableUnder(page, heading).map(([name]) => name as string);
}

function cellsOf(row: string): string[] {
  return row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => plain(cell.replaceAll('\\|', '|')));
}

/** `code` and **strong** text without its marks. */
export function plain(text: string): string {
  return text.replaceAll(/[`*]/g, '').trim();
}
