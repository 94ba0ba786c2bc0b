/** On a light card of their own, so that pictures can be read on light and on dark pages. */
export const colours = {
  card: '#f6f8fa',
  border: '#d0d7de',
  ink: '#1f2328',
  faint: '#59636e',
  line: '#c4ccd4',
  first: '#2f6fdb',
  second: '#d2761b',
  third: '#2d8a56',
  void: '#b6bfc8',
  bad: '#c62828',
} as const;

export interface TextStyle {
  readonly size?: number;
  readonly fill?: string;
  readonly weight?: 'normal' | 'bold';
  readonly anchor?: 'start' | 'middle' | 'end';
}

export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 12, fill = colours.ink, weight = 'normal', anchor = 'start' } = style;
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${fill}" font-weight="${weight}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

/** One line of text in several colours. */
export function runs(
  x: number,
  y: number,
  parts: readonly { readonly content: string; readonly fill: string; readonly struck?: boolean }[],
): string {
  const spans = parts.map(
    ({ content, fill, struck }) =>
      `<tspan fill="${fill}"${struck ? ' text-decoration="line-through"' : ''}>${escaped(content)}</tspan>`,
  );
  return `<text x="${round(x)}" y="${round(y)}" font-size="12" xml:space="preserve">${spans.join('')}</text>`;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function box({ x, y, width, height }: Box, fill: string, more = ''): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}" ${more}/>`;
}

export function line(from: readonly [number, number], to: readonly [number, number], more = ''): string {
  const stroke = more.includes('stroke=') ? '' : `stroke="${colours.line}" `;
  return `<line x1="${round(from[0])}" y1="${round(from[1])}" x2="${round(to[0])}" y2="${round(to[1])}" ${stroke}${more}/>`;
}

/** A whole picture on its card. `title` is what is read out where it cannot be seen. */
export function picture(
  size: { readonly width: number; readonly height: number },
  title: string,
  parts: readonly string[],
): string {
  const { width, height } = size;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif" role="img">`,
    `<title>${escaped(title)}</title>`,
    box(
      { x: 0.5, y: 0.5, width: width - 1, height: height - 1 },
      colours.card,
      `rx="8" stroke="${colours.border}"`,
    ),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
