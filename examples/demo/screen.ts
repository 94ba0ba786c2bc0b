import { stripVTControlCharacters, styleText } from 'node:util';
import { seconds, type Board, type Row } from './board.ts';
import { totalMs, type Phase } from './phases.ts';
import { speed } from './fast-time.ts';
import type { Stage } from './stage.ts';
import { waiting, type Tally } from './tally.ts';

/** What there is to show at any time. */
export interface Scene {
  readonly stage: Stage;
  readonly board: Board;
  readonly router: Tally;
  readonly alone: Tally;
  phase: Phase | undefined;
  phaseNumber: number;
  elapsedMs: number;
}

/** Shows what goes on, until it ends. */
export interface Screen {
  decided(decision: string): void;
  phaseBegan(): void;
  phaseEnded(): void;
  /** Called often. */
  tick(): void;
  end(): void;
}

export const title = `failsoft: one router, four vendors, their own SDKs. Time runs ${speed} times as fast.`;
/** Decisions that stay on a terminal. */
const decisionsShown = 5;

/** A table that is written over itself, for a terminal. */
export function liveScreen(scene: Scene, terminal: NodeJS.WriteStream): Screen {
  let height = 0;
  const showCursor = () => void terminal.write('\x1b[?25h');
  const stop = () => {
    showCursor();
    process.exit(130);
  };
  process.once('SIGINT', stop);
  terminal.write('\x1b[?25l');

  function draw(): void {
    const lines = picture(scene).map((line) => fit(line, terminal.columns));
    const back = height === 0 ? '' : `\x1b[${height}A`;
    terminal.write(`${back}${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`);
    height = lines.length;
  }
  return {
    decided() {},
    phaseBegan: draw,
    phaseEnded() {},
    tick: draw,
    end() {
      draw();
      showCursor();
      process.off('SIGINT', stop);
    },
  };
}

/** Plain lines, for a file or a log. */
export function plainScreen(scene: Scene, write: (line: string) => void): Screen {
  write(title);
  const at = () => `[${seconds(scene.elapsedMs).padStart(7)}]`;
  return {
    decided: (decision) => write(`${at()}   ${decision}`),
    phaseBegan() {
      write('');
      write(`${at()} ${scene.phaseNumber}. ${scene.phase?.title}`);
    },
    phaseEnded() {
      for (const row of table(scene)) write(`${at()}   ${stripVTControlCharacters(row)}`);
      for (const line of callers(scene)) write(`${at()}   ${stripVTControlCharacters(line)}`);
    },
    tick() {},
    end() {},
  };
}

function picture(scene: Scene): string[] {
  const { phase, elapsedMs, board } = scene;
  const done = Math.min(30, Math.round((elapsedMs / totalMs) * 30));
  const bar = '━'.repeat(done) + styleText('dim', '━'.repeat(30 - done));
  const decisions = board.decisions.slice(-decisionsShown);
  return [
    styleText('bold', title),
    '',
    `${bar} ${Math.round(elapsedMs / 1000)} of ${totalMs / 1000} s  ${styleText('bold', phase?.title ?? 'done')}`,
    '',
    ...table(scene),
    '',
    ...callers(scene),
    '',
    styleText('dim', 'what the router decided lately'),
    ...decisions.map((decision) => styleText('dim', `  ${decision}`)),
    ...Array<string>(decisionsShown - decisions.length).fill(''),
  ];
}

const endOfStyle = '\x1b[22m';
const widths = [8, 13, 7, 9, 10, 8] as const;

function table({ stage, board }: Scene): string[] {
  const header = cells(['target', 'breaker', 'share', '1st token', 'in flight', 'errors'], 'last failure');
  return [styleText('dim', header), ...board.rows(stage.router).map(line)];
}

function line({ name, state, share, firstTokenMs, inFlight, errors, lastFailure }: Row): string {
  const first = firstTokenMs === undefined ? '-' : `${Math.round(firstTokenMs)} ms`;
  const numbers = [`${Math.round(share * 100)} %`, first, String(inFlight), String(errors)];
  const text = cells([name, state, ...numbers], lastFailure);
  const start = widths[0] + 1;
  const end = start + widths[1];
  return text.slice(0, start) + styleText(colourOf(state), text.slice(start, end)) + text.slice(end);
}

/** Words to the left, numbers to the right, and what is last as long as it is. */
function cells(columns: readonly string[], last: string): string {
  const padded = columns.map((text, index) => {
    const width = widths[index] ?? 0;
    return index < 2 ? text.padEnd(width) : text.padStart(width);
  });
  return `${padded.join(' ')}  ${last}`.trimEnd();
}

function colourOf(state: string): 'green' | 'yellow' | 'red' {
  if (state === 'closed') return 'green';
  return state === 'open' ? 'red' : 'yellow';
}

function callers({ router, alone }: Scene): string[] {
  return [`callers of the router  ${talliedLine(router)}`, `callers of gpt alone   ${talliedLine(alone)}`];
}

function talliedLine(tally: Tally): string {
  const { whole, wrong, failed, broken, hung } = tally.counts;
  const bad = failed + broken + wrong + hung;
  return [
    `${String(whole).padStart(4)} answered`,
    styleText(bad === 0 ? 'dim' : 'red', `${String(failed + broken).padStart(4)} failed`),
    styleText(wrong === 0 ? 'dim' : 'red', `${String(wrong).padStart(3)} cut, passed off as whole`),
    styleText('dim', `${String(waiting(tally)).padStart(3)} waiting`),
  ].join('  ');
}

/** Cuts a line to the width of the terminal: one that wraps would spoil the picture. */
function fit(text: string, columns: number): string {
  const excess = stripVTControlCharacters(text).length - columns;
  // What can be too long stands at the end of its line, and all that may follow it is the end of a style.
  return excess <= 0 ? text : `${text.slice(0, text.length - excess - endOfStyle.length)}…\x1b[0m`;
}
