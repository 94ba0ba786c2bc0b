import { markup, type Markup } from './markup.ts';
import type { TargetState } from './series.ts';
import { heightOf } from './state-strip.ts';

/** What is drawn as what. */
export type LegendEntry = readonly [className: string, text: string];

/** Colours go round after so many targets. */
export const coloursOfTargets = 6;

/** One entry: what stands for it, and its name. */
export function legendItem([className, text]: LegendEntry): Markup {
  return markup`<li><svg class="key" aria-hidden="true"><use href="#${keyOf(className)}"/></svg>${text}`;
}

const keyed = [
  ...['good', 'slow', 'failed', 'fault', 'line allowed', 'line p50', 'line p95', 'line p99'],
  ...Array.from({ length: coloursOfTargets }, (_, index) => `t${index}`),
  ...Object.keys(heightOf).map((state) => `s-${state}`),
];

/** What legends show beside their words; in the page once, for all charts. */
export function legendKeys(): Markup {
  return markup`<svg class="shared" aria-hidden="true">${keyed.map(
    (className) =>
      markup`<symbol id="${keyOf(className)}" viewBox="0 0 14 10">${keyShape(className)}</symbol>`,
  )}</svg>`;
}

function keyOf(className: string): string {
  return `key-${className.replace('line ', '')}`;
}

function keyShape(className: string): Markup {
  const state = className.replace(/^s-/, '') as TargetState;
  const tall = (heightOf[state] ?? 100) / 10;
  return className.startsWith('line')
    ? markup`<path class="${className}" d="M0 5H14"/>`
    : markup`<rect class="${className}" y="${10 - tall}" width="14" height="${tall}"/>`;
}
