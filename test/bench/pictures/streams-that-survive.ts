import { record, type Break, type Moment, type Recording, type Writer } from './broken-stream.ts';
import { box, colours, line, picture, runs, text } from './svg.ts';

interface Panel extends Break {
  readonly title: string;
  readonly says: string;
}

const panels: readonly Panel[] = [
  {
    recovery: 'none',
    words: 8,
    title: "recovery: 'none'",
    says: 'an error, with what there is of the answer',
  },
  {
    recovery: 'restart',
    words: 8,
    title: "recovery: 'restart'",
    says: 'what was shown is void; another answer, from its beginning',
  },
  {
    recovery: 'continue',
    words: 8,
    title: "recovery: 'continue'",
    says: 'one text; what is repeated at the seam (pale) is taken off',
  },
  {
    recovery: 'none',
    holdMs: 500,
    words: 4,
    title: 'holdMs: 500',
    says: 'an early break is never seen, also without a recovery; pale: held back',
  },
];

const width = 880;
const left = 84;
const pixelsPerMs = 0.205;
const laneHeight = 24;
const panelHeight = 142;
const writers = { gpt: colours.first, claude: colours.second } as const satisfies Record<Writer, string>;

/** One broken call of the real router under each recovery, drawn as it happened. */
export async function drawStreamsThatSurvive(): Promise<string> {
  const parts: string[] = [];
  for (const [index, panel] of panels.entries())
    parts.push(
      `<g transform="translate(0 ${14 + index * panelHeight})">`,
      ...draw(panel, await record(panel)),
      '</g>',
    );
  const title =
    'What two providers say and what the reader sees when the first one breaks off: an error, a restart, a continued text, or nothing at all';
  return picture({ width, height: 14 + panels.length * panelHeight }, title, parts);
}

function draw({ title, says }: Panel, { said, seen }: Recording): string[] {
  const opacityOf = (moment: Moment) => (isSeen(moment, seen) ? 1 : 0.3);
  const drawn = [
    text(16, 16, title, { size: 13, weight: 'bold' }),
    text(180, 16, says, { fill: colours.faint }),
    ...lane(0, 'gpt', said.gpt, opacityOf),
    ...lane(1, 'claude', said.claude, opacityOf),
    ...lane(2, 'reader', seen, () => 1),
  ];
  return [...drawn, text(16, 124, 'reads', { fill: colours.faint }), result(seen)];
}

/** Whether the reader saw something when it was said. */
function isSeen(moment: Moment, seen: readonly Moment[]): boolean {
  return seen.some(({ at, what }) => what === 'text' && at === moment.at);
}

function lane(
  row: number,
  name: string,
  moments: readonly Moment[],
  opacity: (moment: Moment) => number,
): string[] {
  const y = 26 + row * (laneHeight + 3);
  const restartAt = moments.find(({ what }) => what === 'restart')?.at ?? -1;
  return [
    text(16, y + 16, name, { fill: colours.faint }),
    line([left, y + laneHeight / 2], [width - 16, y + laneHeight / 2]),
    ...moments.map((moment) => {
      const x = left + moment.at * pixelsPerMs;
      const fill = moment.at < restartAt ? colours.void : writers[moment.by];
      if (moment.what === 'text')
        return box(
          { x, y: y + 3, width: 18, height: laneHeight - 6 },
          fill,
          `rx="3" opacity="${opacity(moment)}"`,
        );
      return mark(moment, x, y + laneHeight / 2);
    }),
  ];
}

function mark({ what, text: says, by }: Moment, x: number, y: number): string {
  if (what === 'failure') {
    const label = says === '' ? 'connection lost' : says;
    const cross = `<path d="M${x - 5} ${y - 5}l10 10m0 -10l-10 10" stroke="${colours.bad}" stroke-width="2.5"/>`;
    return cross + pill(x + 10, y, label, colours.bad);
  }
  if (what === 'restart') return pill(x - 54, y, 'restart', colours.bad);
  return pill(x + 28, y, 'finish', by === 'gpt' ? colours.first : colours.second);
}

/** A word on the line, with the card's colour behind it. */
function pill(x: number, y: number, label: string, fill: string): string {
  const behind = box({ x, y: y - 8, width: label.length * 6.6 + 8, height: 16 }, colours.card);
  return behind + text(x + 4, y + 4, label, { fill });
}

function result(seen: readonly Moment[]): string {
  const restart = seen.findIndex(({ what }) => what === 'restart');
  const parts = seen.flatMap(({ what, text: content, by }, index) => {
    if (what !== 'text') return [];
    const isVoid = index < restart;
    return [{ content, fill: isVoid ? colours.void : writers[by], struck: isVoid }];
  });
  return runs(left, 124, parts);
}
