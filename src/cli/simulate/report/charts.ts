import { markup, raw, type Markup } from './markup.ts';
import { isIdle, type MachineSeries, type Percentiles, type Series, type TargetState } from './series.ts';
import {
  area,
  clock,
  curve,
  digits,
  evenScale,
  height,
  logScale,
  onLogScale,
  stacked,
  stairs,
  timeMarks,
  unitsOfStep,
  type Scale,
} from './shapes.ts';

/** Colours go round after so many targets. */
const coloursOfTargets = 6;

/** All charts of one run, on one axis of time. */
export function chartsOf(series: Series): Markup {
  const busiest = evenScale(series.machines.flatMap(({ attempts }) => perSecond(attempts, series)));
  return markup`${[
    callersChart(series),
    shareChart(series),
    ...series.machines.map((machine, index) =>
      isIdle(machine) ? '' : targetChart(series, { machine, index, scale: busiest }),
    ),
    idleNote(series),
    latencyChart(series, 'Time to the first text, streamed calls', series.firstText),
    latencyChart(series, 'Time to the whole answer', series.total),
  ]}`;
}

function idleNote({ machines }: Series): Markup {
  const idle = machines.filter(isIdle).map(({ id }) => id);
  return idle.length === 0
    ? markup``
    : markup`<p class="small">Never asked in this run: ${idle.join(', ')}.</p>`;
}

function perSecond(counts: readonly number[], { stepMs }: Series): number[] {
  return counts.map((count) => (count * 1_000) / stepMs);
}

function callersChart(series: Series): Markup {
  const { good, slow, failed } = series.callers;
  const [ofFailed, ofSlow, ofGood] = stacked(
    [failed, slow, good].map((counts) => perSecond(counts, series)),
  ) as [number[], number[], number[]];
  const scale = evenScale(ofGood);
  return chart(series, {
    title: 'What callers saw, in calls a second',
    legend: [
      ['good', 'answered'],
      ['slow', 'answered, slower than 99 % of calls before the fault'],
      ['failed', 'failed'],
      ['fault', 'the fault'],
    ],
    scale: even(scale, String),
    body: markup`${path('good', area(ofGood, scale.most))}${path('slow', area(ofSlow, scale.most))}${path('failed', area(ofFailed, scale.most))}`,
  });
}

function shareChart(series: Series): Markup {
  const tops = stacked(series.machines.map(({ share }) => share));
  return chart(series, {
    title: 'Who was asked first, share of calls',
    legend: series.machines.map(({ id }, index) => [`t${index % coloursOfTargets}`, id]),
    scale: even({ least: 0, most: 1, marks: [0.5, 1] }, (value) => `${value * 100} %`),
    body: markup`${tops.map((top, index) => path(`t${index % coloursOfTargets}`, area(top, 1))).reverse()}`,
  });
}

interface TargetInput {
  readonly machine: MachineSeries;
  readonly index: number;
  readonly scale: Scale;
}

function targetChart(series: Series, { machine, index, scale }: TargetInput): Markup {
  const { failed, givenUp, attempts, allowed } = machine;
  const [ofFailed, ofGivenUp] = stacked([failed, givenUp].map((counts) => perSecond(counts, series))) as [
    number[],
    number[],
  ];
  return chart(series, {
    title: markup`<b>${machine.id}</b>: requests a second, and what the router made of it`,
    name: `${machine.id}: requests, failures, share allowed and state`,
    legend: [
      [`t${index % coloursOfTargets}`, 'requests'],
      ['failed', 'failed'],
      ['slow', 'given up'],
      ['line allowed', 'share that it may have, of its usual one'],
      ...statesIn(machine).map((state) => [`s-${state}`, stateNames[state]] as const),
    ],
    scale: even(scale, String),
    faults: machine.faults,
    body: markup`${path(`t${index % coloursOfTargets}`, area(perSecond(attempts, series), scale.most))}${path('slow', area(ofGivenUp, scale.most))}${path('failed', area(ofFailed, scale.most))}${path('line allowed', stairs(allowed, 1))}`,
    strip: stateStrip(machine, series),
  });
}

/** What they mean to a call. */
const stateNames: Readonly<Record<TargetState, string>> = {
  closed: 'closed',
  open: 'breaker open',
  'half-open': 'half-open',
  'slow-start': 'slow start',
  held: 'held back',
  reduced: 'share reduced',
};

/** Told apart by how high they stand as well as by colour. */
const heightOf: Readonly<Record<TargetState, number>> = {
  closed: 0,
  open: 100,
  'half-open': 70,
  'slow-start': 45,
  held: 100,
  reduced: 45,
};

function statesIn({ states }: MachineSeries): TargetState[] {
  const all = Object.keys(heightOf) as TargetState[];
  return all.filter((wanted) => heightOf[wanted] > 0 && states.some(({ state }) => state === wanted));
}

const mostTimesTold = 12;

function stateStrip(machine: MachineSeries, { stepMs }: Series): Markup {
  const x = (ms: number) => digits((ms / stepMs) * unitsOfStep);
  return markup`${statesIn(machine).map((wanted) => {
    const spans = machine.states.filter(({ state }) => state === wanted);
    const tall = heightOf[wanted];
    const shape = spans.map(({ fromMs, untilMs }) => `M${x(fromMs)} 100v-${tall}H${x(untilMs)}v${tall}z`);
    const told = spans
      .slice(0, mostTimesTold)
      .map(
        ({ fromMs, untilMs, reason }) => `${clock(fromMs)} to ${clock(untilMs)}${reason && ` (${reason})`}`,
      );
    const more = spans.length > mostTimesTold ? ', …' : '';
    const title = `${stateNames[wanted]}: ${told.join(', ')}${more}`;
    return markup`<path class="s-${wanted}" d="${raw(shape.join(''))}"><title>${title}</title></path>`;
  })}`;
}

function latencyChart(series: Series, title: string, { p50, p95, p99 }: Percentiles): Markup {
  const scale = logScale([...p50, ...p99]);
  const y = onLogScale(scale);
  return chart(series, {
    title: `${title}; the scale grows by factors`,
    name: title,
    legend: [
      ['line p50', 'median'],
      ['line p95', '95th percentile'],
      ['line p99', '99th'],
    ],
    scale: { marks: scale.marks, y, text: (value) => `${value / 1_000} s` },
    body: markup`${path('line p99', curve(p99, y))}${path('line p95', curve(p95, y))}${path('line p50', curve(p50, y))}`,
  });
}

interface Axis {
  readonly marks: readonly number[];
  readonly y: (value: number) => number;
  readonly text: (value: number) => string;
}

function even({ most, marks }: Scale, text: (value: number) => string): Axis {
  return { marks, text, y: (value) => height * (1 - value / most) };
}

interface Chart {
  readonly title: string | Markup;
  /** For those who do not see it. @default the title */
  readonly name?: string;
  readonly legend: readonly (readonly [className: string, text: string])[];
  readonly scale: Axis;
  readonly body: Markup;
  /** Shaded instead of the scenario's. */
  readonly faults?: readonly (readonly [fromMs: number, untilMs: number])[];
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
function chart(series: Series, { title, name, legend, scale, body, faults, strip }: Chart): Markup {
  const bottom = top + plotHeight + (strip ? stripGap + stripHeight : 0);
  const width = digits((series.lastsMs / series.stepMs) * unitsOfStep);
  const plot = (y: number, tall: number, content: Markup) =>
    markup`<svg y="${y}" width="100%" height="${tall}" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none">${content}</svg>`;
  const shade = faults ?? [[series.faultFromMs, series.faultUntilMs]];
  const stripTop = top + plotHeight + stripGap;
  return markup`<figure><figcaption>${title}</figcaption>
<ul class="legend">${legend.map(legendItem)}</ul>
<svg class="chart" role="img" width="100%" height="${bottom + axisHeight}"><title>${name ?? title}</title>
${plot(top, plotHeight, markup`${shading(shade, series)}${body}`)}
${strip && markup`<rect class="strip" y="${stripTop}" width="100%" height="${stripHeight}"/>${plot(stripTop, stripHeight, strip)}`}
${grid(scale)}${edges(series, bottom)}${times(series.lastsMs, bottom)}<line class="cursor" y1="${top}" y2="${bottom}"/></svg></figure>
`;
}

function legendItem([className, text]: Chart['legend'][number]): Markup {
  return markup`<li><svg class="key" aria-hidden="true" viewBox="0 0 14 10">${key(className)}</svg>${text}</li>`;
}

function key(className: string): Markup {
  const state = className.replace(/^s-/, '') as TargetState;
  const tall = (heightOf[state] ?? 100) / 10;
  return className.startsWith('line')
    ? markup`<path class="${className}" d="M0 5H14"/>`
    : markup`<rect class="${className}" y="${10 - tall}" width="14" height="${tall}"/>`;
}

function path(className: string, shape: string): Markup {
  return markup`<path class="${className}" d="${raw(shape)}"/>`;
}

function shading(spans: NonNullable<Chart['faults']>, { stepMs }: Series): Markup {
  const x = (ms: number) => digits((ms / stepMs) * unitsOfStep);
  const shape = spans.map(([fromMs, untilMs]) => `M${x(fromMs)} 0H${x(untilMs)}V${height}H${x(fromMs)}z`);
  return path('fault', shape.join(''));
}

/** Where the fault begins and ends, over charts that hide its shade. */
function edges({ lastsMs, faultFromMs, faultUntilMs }: Series, bottom: number): Markup {
  const within = [faultFromMs, faultUntilMs].filter((ms) => ms > 0 && ms < lastsMs);
  return markup`${within.map((ms) => {
    const x = raw(`${digits((ms / lastsMs) * 100)}%`);
    return markup`<line class="edge" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/>`;
  })}`;
}

function grid({ marks, y, text }: Axis): Markup {
  return markup`${marks.map((mark) => {
    const at = digits(top + (y(mark) * plotHeight) / height);
    return markup`<line class="grid" x2="100%" y1="${at}" y2="${at}"/><text class="y" x="2" y="${digits(Number(at) + 11)}">${text(mark)}</text>`;
  })}`;
}

function times(lastsMs: number, bottom: number): Markup {
  return markup`${timeMarks(lastsMs).map((ms) => {
    const at = (ms / lastsMs) * 100;
    const anchor = at < 2 ? 'start' : at > 97 ? 'end' : 'middle';
    return markup`<text x="${digits(at)}%" y="${bottom + 14}" text-anchor="${anchor}">${clock(ms)}</text>`;
  })}`;
}
