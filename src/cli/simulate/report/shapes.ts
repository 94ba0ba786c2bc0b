/**
 * Geometry of the charts: x counts steps by two, y goes from 0 at the top to 200 at the bottom, half a pixel each. Shapes are
 * in whole units and go on from where they are, which takes a third of the characters that exact places would take.
 */
export const unitsOfStep = 2;
export const height = 200;

/** As few digits as the eye needs. */
export function digits(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Where an instant stands; finer than the shapes, for what is short. */
export function xOf(ms: number, stepMs: number): string {
  return String(Math.round((ms / stepMs) * unitsOfStep * 100) / 100);
}

/** The outline of columns without gaps; each value from 0 to `most`. */
export function area(values: readonly number[], most: number): string {
  return `M0 ${height}${columns(
    values.map((value) => yOf(value, most)),
    height,
  )}V${height}z`;
}

/** Their upper edge alone; broken where there is no value. */
export function stairs(values: readonly number[], most: number): string {
  return unbroken(values)
    .map(({ from, values: whole }) => {
      const tops = whole.map((value) => yOf(value, most));
      const first = tops[0] as number;
      return `M${from * unitsOfStep} ${first}${columns(tops, first)}`;
    })
    .join('');
}

/** From edge to edge, as far as each is as high as the next. */
function columns(tops: readonly number[], from: number): string {
  let shape = '';
  let y = from;
  let wide = 0;
  const across = () => (wide > 0 ? `h${wide}` : '');
  for (const top of tops) {
    if (top !== y) {
      shape += `${across()}v${top - y}`;
      y = top;
      wide = 0;
    }
    wide += unitsOfStep;
  }
  return shape + across();
}

/** What is there at all is one unit high at least. */
function yOf(value: number, most: number): number {
  if (most === 0 || Number.isNaN(value) || value <= 0) return height;
  return Math.min(height - 1, Math.round(height * (1 - Math.min(1, value / most))));
}

/** From point to point, each in the middle of its step; broken where there is no value. */
export function curve(values: readonly number[], y: (value: number) => number): string {
  return unbroken(values)
    .map(({ from, values: whole }) => {
      const points = whole.map((value) => Math.round(y(value)));
      const steps = points.slice(1).map((point, index) => {
        const rise = point - (points[index] as number);
        return `${unitsOfStep}${rise < 0 ? '' : ' '}${rise}`;
      });
      const line = steps.length > 0 ? `l${steps.join(' ')}` : '';
      return `M${from * unitsOfStep + unitsOfStep / 2} ${points[0]}${line}`;
    })
    .join('');
}

interface Stretch {
  readonly from: number;
  readonly values: readonly number[];
}

/** Where there are values, one after the other. */
function unbroken(values: readonly number[]): Stretch[] {
  const stretches: { from: number; values: number[] }[] = [];
  for (const [step, value] of values.entries()) {
    if (Number.isNaN(value)) continue;
    const last = stretches.at(-1);
    if (last && last.from + last.values.length === step) last.values.push(value);
    else stretches.push({ from: step, values: [value] });
  }
  return stretches;
}

/** Each list on top of those before it. */
export function stacked(lists: readonly (readonly number[])[]): number[][] {
  const sums: number[][] = [];
  for (const list of lists) sums.push(list.map((value, step) => (value || 0) + (sums.at(-1)?.[step] ?? 0)));
  return sums;
}

/** Round figures between the two: 1, 2 and 5 times powers of ten. */
export interface Scale {
  readonly least: number;
  readonly most: number;
  readonly marks: readonly number[];
}

const mostMarks = 5;

/** From 0 up. */
export function evenScale(values: readonly number[]): Scale {
  const largest = Math.max(0, ...values.filter(Number.isFinite));
  const step = roundFigures.find((figure) => figure * 3 >= largest) ?? largest;
  const most = Math.max(step, Math.ceil(largest / step - 1e-9) * step);
  return { least: 0, most, marks: [1, 2, 3].map((count) => count * step).filter((mark) => mark <= most) };
}

/** By equal factors, for figures that are far apart. */
export function logScale(values: readonly number[]): Scale {
  const there = values.filter((value) => Number.isFinite(value) && value > 0);
  const least = roundFigures.findLast((figure) => figure <= Math.min(...there)) ?? 1;
  const most = roundFigures.find((figure) => figure >= Math.max(...there) && figure > least) ?? 10 * least;
  const between = roundFigures.filter((figure) => figure > least && figure <= most);
  const decades = between.filter((figure) => Number.isInteger(Math.round(Math.log10(figure) * 1e6) / 1e6));
  return { least, most, marks: between.length <= mostMarks || decades.length === 0 ? between : decades };
}

const roundFigures = Array.from({ length: 13 }, (_, power) => power - 3).flatMap((power) =>
  [1, 2, 5].map((digit) => Number(`${digit}e${power}`)),
);

/** Where a figure stands on it. */
export function onLogScale({ least, most }: Scale): (value: number) => number {
  return (value) => height * (1 - Math.log(Math.max(value, least) / least) / Math.log(most / least));
}

const roundTimesMs = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200,
]
  .concat([1, 2, 5, 7, 14, 30, 60, 90].map((days) => days * 86_400))
  .map((seconds) => seconds * 1_000);
const mostTimes = 6;

/** Round times to write below a chart. */
export function timeMarks(lastsMs: number): number[] {
  const stepMs = roundTimesMs.find((ms) => lastsMs / ms <= mostTimes) ?? lastsMs;
  return Array.from({ length: Math.floor(lastsMs / stepMs) + 1 }, (_, index) => index * stepMs);
}

/** `1:05`, `2:03:00`, `12 d`. */
export function clock(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const two = (count: number) => String(count).padStart(2, '0');
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
  ];
  if (days > 0) return hours === 0 && minutes === 0 ? `${days} d` : `${days} d ${hours}:${two(minutes)}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
