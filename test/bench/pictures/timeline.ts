import { createRouter } from 'failsoft';
import {
  scenarios,
  simulate,
  type HealthSample,
  type Scenario,
  type ScenarioName,
  type SimulationReport,
} from 'failsoft/testing';
import { box, colours, line, picture, text } from './svg.ts';

const width = 880;
const left = 120;
const right = 16;
const plotWidth = width - left - right;
const stepMs = 5_000;
const sampleEveryMs = 500;
const shades = { a: colours.first, b: colours.second, c: colours.third } as const;

const states: Readonly<Record<string, readonly [fill: string, meaning: string]>> = {
  closed: ['#a9d5b5', 'closed'],
  'slow-start': ['#f3d98b', 'slow start'],
  'half-open': ['#e0a13c', 'half-open'],
  open: ['#d9716b', 'open'],
};

/** A scenario of the simulator, run with every default as it is and drawn over time. */
export async function drawTimeline(name: ScenarioName, title: string): Promise<string> {
  const scenario: Scenario = scenarios[name];
  const report = await simulate({
    scenario,
    seed: 1,
    sampleEveryMs,
    router: ({ models, runtime, observers, options }) =>
      createRouter({ ...options, models, runtime, observers }),
  });
  const at = (ms: number) => left + (ms / scenario.lastsMs) * plotWidth;
  return picture({ width, height: 408 }, title, [
    text(16, 26, title, { size: 13, weight: 'bold' }),
    ...faultShade(scenario, at),
    ...sharesAsked(report, at, 58),
    ...breakerStrip(report, at, 164),
    ...firstText(report, at, 214),
    ...callers(report, at, 318),
    ...axis(scenario, at, 372),
  ]);
}

type Place = (ms: number) => number;

function faultShade({ faultFromMs, faultUntilMs }: Scenario, at: Place): string[] {
  const area = { x: at(faultFromMs), y: 40, width: at(faultUntilMs) - at(faultFromMs), height: 332 };
  return [
    box(area, '#fdecea'),
    text(at(faultFromMs) + 6, 52, 'the fault at a', { size: 11, fill: colours.bad }),
  ];
}

/** Whom the calls of every 5 seconds asked first. */
function sharesAsked({ timeline }: SimulationReport, at: Place, y: number): string[] {
  const height = 90;
  const bars = timeline.flatMap(({ at: begin, firstAttempts }) => {
    const total = Object.values(firstAttempts).reduce((sum, count) => sum + count, 0) || 1;
    let below = y + height;
    return Object.entries(shades).map(([id, fill]) => {
      const part = ((firstAttempts[id] ?? 0) / total) * height;
      below -= part;
      return box(
        { x: at(begin) + 0.5, y: below, width: at(begin + stepMs) - at(begin) - 1, height: part },
        fill,
      );
    });
  });
  const names = Object.entries(shades).map(([id, fill], index) =>
    text(16 + index * 22, y + 34, id, { fill, weight: 'bold' }),
  );
  return [text(16, y + 16, 'asked first', { fill: colours.faint }), ...names, ...bars];
}

function breakerStrip({ health, timeline }: SimulationReport, at: Place, y: number): string[] {
  const lastsMs = timeline.length * stepMs;
  const isNew = ({ targets }: HealthSample, index: number) =>
    targets['a']?.breaker !== health[index - 1]?.targets['a']?.breaker;
  const changes = health.filter(isNew);
  const pieces = changes.map(({ at: begin, targets }, index) => {
    const [fill] = states[targets['a']?.breaker ?? 'closed'] ?? [colours.void];
    const end = changes[index + 1]?.at ?? lastsMs;
    return box({ x: at(begin), y, width: at(end) - at(begin), height: 14 }, fill);
  });
  const share = health.map(({ at: begin, targets }) => {
    const { share: part, breaker } = targets['a'] ?? { share: 1, breaker: 'closed' };
    return [at(begin), y + 38 - 18 * (breaker === 'open' || breaker === 'half-open' ? 0 : part)];
  });
  const key = Object.values(states).map(([fill, meaning], index) => [
    box({ x: 560 + index * 76, y: 18, width: 9, height: 9 }, fill),
    text(573 + index * 76, 26, meaning, { size: 10, fill: colours.faint }),
  ]);
  return [
    text(16, y + 11, 'breaker of a', { fill: colours.faint }),
    ...pieces,
    text(16, y + 34, 'share of a', { fill: colours.faint }),
    path(share, colours.first),
    ...key.flat(),
  ];
}

/** The slowest of every 5 seconds that nineteen in twenty were quicker than, until the first text of a stream. */
function firstText({ record }: SimulationReport, at: Place, y: number): string[] {
  const height = 80;
  const mostMs = 12_000;
  const waits = new Map<number, number[]>();
  for (const { at: begin, firstTextAt } of record.calls) {
    const step = Math.floor(begin / stepMs);
    if (firstTextAt !== undefined) waits.set(step, [...(waits.get(step) ?? []), firstTextAt - begin]);
  }
  const level = (ms: number) => y + height - (Math.min(ms, mostMs) / mostMs) * height;
  const points = [...waits.entries()]
    .toSorted(([one], [other]) => one - other)
    .map(([step, all]) => {
      const sorted = all.toSorted((one, other) => one - other);
      return [at((step + 0.5) * stepMs), level(sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0)];
    });
  const rules = [0, 5_000, 10_000].map((ms) => [
    line([left, level(ms)], [width - right, level(ms)], 'stroke-dasharray="2 3"'),
    text(left - 6, level(ms) + 4, `${ms / 1_000} s`, { size: 10, fill: colours.faint, anchor: 'end' }),
  ]);
  return [
    text(16, y + 16, 'first text,', { fill: colours.faint }),
    text(16, y + 30, 'p95', { fill: colours.faint }),
    ...rules.flat(),
    path(points, colours.ink),
  ];
}

/** One mark for each 5 seconds: whether every caller had an answer; and requests that failed at a. */
function callers({ timeline, record }: SimulationReport, at: Place, y: number): string[] {
  const failed = new Map<number, number>();
  for (const { at: begin, provider, outcome } of record.attempts) {
    const step = Math.floor(begin / stepMs);
    if (provider === 'a' && outcome !== 'answered') failed.set(step, (failed.get(step) ?? 0) + 1);
  }
  const most = Math.max(1, ...failed.values());
  const bars = [...failed].map(([step, count]) =>
    box(
      { x: at(step * stepMs) + 2, y: y + 28 - (count / most) * 26, width: 8, height: (count / most) * 26 },
      colours.bad,
    ),
  );
  const marks = timeline.map(({ at: begin, calls, answered }) =>
    box(
      { x: at(begin) + 0.5, y: y + 36, width: at(begin + stepMs) - at(begin) - 1, height: 8 },
      answered === calls ? '#a9d5b5' : colours.bad,
    ),
  );
  return [
    text(16, y + 22, `failed at a, ≤ ${most}`, { size: 11, fill: colours.faint }),
    text(16, y + 44, 'callers', { fill: colours.faint }),
    ...bars,
    ...marks,
  ];
}

function axis({ lastsMs }: Scenario, at: Place, y: number): string[] {
  const ticks = Array.from({ length: lastsMs / 30_000 + 1 }, (_, index) => index * 30_000);
  return ticks.map((ms) =>
    text(at(ms), y + 18, `${ms / 1_000} s`, {
      size: 10,
      fill: colours.faint,
      anchor: ms === 0 ? 'start' : ms === lastsMs ? 'end' : 'middle',
    }),
  );
}

function path(points: readonly (readonly number[])[], stroke: string): string {
  const d = points.map(
    ([x = 0, y = 0], index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`,
  );
  return `<path d="${d.join('')}" fill="none" stroke="${stroke}" stroke-width="1.6"/>`;
}
