import { chart, path, type Axis } from './chart.ts';
import { coloursOfTargets } from './legend.ts';
import { markup, type Markup } from './markup.ts';
import { isIdle, type MachineSeries, type Percentiles, type Series } from './series.ts';
import {
  area,
  curve,
  evenScale,
  height,
  logScale,
  onLogScale,
  stacked,
  stairs,
  type Scale,
} from './shapes.ts';
import { stateNames, statesIn, stateStrip } from './state-strip.ts';

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
  const colour = `t${index % coloursOfTargets}`;
  // What did not come about has neither a shape nor a name.
  const ends = [
    { counts: givenUp, tops: ofGivenUp, className: 'slow', name: 'given up' },
    { counts: failed, tops: ofFailed, className: 'failed', name: 'failed' },
  ].filter(({ counts }) => counts.some((count) => count > 0));
  return chart(series, {
    title: markup`<b>${machine.id}</b>: requests a second, and what the router made of it`,
    name: `${machine.id}: requests, failures, share allowed and state`,
    legend: [
      [colour, 'requests'],
      ...ends.toReversed().map(({ className, name }) => [className, name] as const),
      ['line allowed', 'share that it may have, of its usual one'],
      ...statesIn(machine).map((state) => [`s-${state}`, stateNames[state]] as const),
    ],
    scale: even(scale, String),
    faults: machine.faults,
    body: markup`${path(colour, area(perSecond(attempts, series), scale.most))}${ends.map(({ tops, className }) => path(className, area(tops, scale.most)))}${path('line allowed', stairs(allowed, 1))}`,
    strip: stateStrip(machine, series),
  });
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

function even({ most, marks }: Scale, text: (value: number) => string): Axis {
  return { marks, text, y: (value) => height * (1 - value / most) };
}
