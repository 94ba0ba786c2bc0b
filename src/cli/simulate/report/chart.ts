import { legendItem, type LegendEntry } from './legend.ts';
import { markup, raw, type Markup } from './markup.ts';
import type { Series } from './series.ts';
import { clock, digits, height, timeMarks, unitsOfStep, xOf } from './shapes.ts';

/** Where figures stand, and what is written there. */
export interface Axis {
  readonly marks: readonly number[];
  readonly y: (value: number) => number;
  readonly text: (value: number) => string;
}

interface Chart {
  readonly title: string | Markup;
  /** For those who do not see it. @default the title */
  readonly name?: string;
  readonly legend: readonly LegendEntry[];
  readonly scale: Axis;
  readonly body: Markup;
  /** Shaded instead of the scenario's. */
  readonly faults?: readonly (readonly [fromMs: number, untilMs: number])[];
  /** What stands below the plot; it may be empty. */
  readonly strip?: Markup;
}

const top = 6;
const plotHeight = 96;
const stripHeight = 10;
const stripGap = 3;
const axisHeight = 20;

/**
 * The outer picture has no scale of its own, so that its text keeps its size on any screen; the plot inside is stretched to
 * the width.
 */
export function chart(series: Series, { title, name, legend, scale, body, faults, strip }: Chart): Markup {
  const bottom = top + plotHeight + (strip ? stripGap + stripHeight : 0);
  const width = digits((series.lastsMs / series.stepMs) * unitsOfStep);
  const plot = (y: number, tall: number, content: Markup) =>
    markup`<svg y="${y}" width="100%" height="${tall}" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none">${content}</svg>`;
  const shade = faults ?? [[series.faultFromMs, series.faultUntilMs]];
  const stripTop = top + plotHeight + stripGap;
  return markup`<figure><figcaption>${title}</figcaption>
<ul class="legend">${legend.map(legendItem)}</ul>
<svg class="chart" role="img" width="100%" height="${bottom + axisHeight}"><title>${name ?? title}</title>
${plot(top, plotHeight, markup`${shading(shade, series)}${body}${gridLines(scale, width)}`)}
${strip && markup`<rect class="strip" y="${stripTop}" width="100%" height="${stripHeight}"/>${strip.text !== '' && plot(stripTop, stripHeight, strip)}`}
${gridNames(scale)}${edges(series, bottom)}<use href="#${timesOf(series)}" y="${bottom}"/><line class="cursor" y1="${top}" y2="${bottom}"/></svg></figure>
`;
}

export function path(className: string, shape: string): Markup {
  return markup`<path class="${className}" d="${raw(shape)}"/>`;
}

function shading(spans: NonNullable<Chart['faults']>, { stepMs }: Series): Markup {
  const x = (ms: number) => xOf(ms, stepMs);
  const shape = spans.map(([fromMs, untilMs]) => `M${x(fromMs)} 0H${x(untilMs)}V${height}H${x(fromMs)}z`);
  return shape.length === 0 ? markup`` : path('fault', shape.join(''));
}

/** Where the fault begins and ends, over charts that hide its shade. */
function edges({ lastsMs, faultFromMs, faultUntilMs }: Series, bottom: number): Markup {
  const within = [faultFromMs, faultUntilMs].filter((ms) => ms > 0 && ms < lastsMs);
  return markup`${within.map((ms) => {
    const x = raw(`${digits((ms / lastsMs) * 100)}%`);
    return markup`<line class="edge" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/>`;
  })}`;
}

function gridLines({ marks, y }: Axis, width: string): Markup {
  return path('grid', marks.map((mark) => `M0 ${digits(y(mark))}H${width}`).join(''));
}

function gridNames({ marks, y, text }: Axis): Markup {
  return markup`${marks.map((mark) => {
    const at = top + (y(mark) * plotHeight) / height;
    return markup`<text class="y" x="2" y="${digits(at + 11)}">${text(mark)}</text>`;
  })}`;
}

/** The times below a chart, in the page once for all that last as long. */
export function timesBelow(lasts: readonly Series[]): Markup {
  const once = new Map(lasts.map((series) => [series.lastsMs, series]));
  return markup`<svg class="shared" aria-hidden="true">${[...once.values()].map(
    (series) => markup`<g class="times" id="${timesOf(series)}">${times(series.lastsMs)}</g>`,
  )}</svg>`;
}

function timesOf({ lastsMs }: Series): string {
  return `times-${lastsMs}`;
}

function times(lastsMs: number): Markup[] {
  return timeMarks(lastsMs).map((ms) => {
    const at = (ms / lastsMs) * 100;
    const side = at < 2 ? raw(' class="first"') : at > 97 ? raw(' class="last"') : '';
    return markup`<text x="${digits(at)}%" y="14"${side}>${clock(ms)}</text>`;
  });
}
