import { setTimeout as sleepForReal } from 'node:timers/promises';
import { createBoard } from './board.ts';
import { ask, throughRouter, throughSdk, type Way } from './callers.ts';
import { hurryTime, speed } from './fast-time.ts';
import { phases } from './phases.ts';
import { report } from './report.ts';
import { liveScreen, plainScreen, type Scene, type Screen } from './screen.ts';
import { openStage } from './stage.ts';
import { count, newTally, type Tally } from './tally.ts';

/** Between two questions. */
const everyMs = 600;
const redrawEveryMs = 100;
/** What the picture needs. */
const rowsNeeded = 20;
const columnsNeeded = 80;

/**
 * Sends traffic through the router and, the same, through one vendor's bare SDK, while that vendor has a bad day.
 * Returns the exit code: 1 where the router has passed off an answer that is not whole, or left something open.
 */
export async function showOutage(): Promise<number> {
  hurryTime();
  const board = createBoard((decision) => screen.decided(decision));
  const stage = await openStage(board.observe);
  const scene: Scene = {
    stage,
    board,
    router: newTally(),
    alone: newTally(),
    phase: undefined,
    phaseNumber: 0,
    elapsedMs: 0,
  };
  const screen = screenFor(scene);
  const redraw = setInterval(() => screen.tick(), redrawEveryMs);

  await Promise.all(await play(scene, screen));

  clearInterval(redraw);
  screen.end();
  await stage.router.close();
  const openRequests = stage.open();
  await stage.close();
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  for (const line of report(scene.router, scene.alone, board)) console.log(line);
  console.log(`  left behind ${openRequests} open requests, ${timers} timers\n`);
  return scene.router.counts.wrong + openRequests === 0 ? 0 : 1;
}

function screenFor(scene: Scene): Screen {
  const { stdout } = process;
  const fits = stdout.isTTY && stdout.rows > rowsNeeded && stdout.columns >= columnsNeeded;
  return fits && !process.env['CI']
    ? liveScreen(scene, stdout)
    : plainScreen(scene, (line) => console.log(line));
}

/** Goes through the phases and returns the questions that were asked; some are still waiting then. */
async function play(scene: Scene, screen: Screen): Promise<Promise<void>[]> {
  const ways: readonly (readonly [Way, Tally])[] = [
    [throughRouter(scene.stage), scene.router],
    [throughSdk(scene.stage), scene.alone],
  ];
  const asked: Promise<void>[] = [];
  const startedAt = Date.now();
  let endsMs = 0;
  for (const phase of phases) {
    await scene.stage.enter(phase);
    scene.phase = phase;
    scene.phaseNumber += 1;
    screen.phaseBegan();
    endsMs += phase.lastsMs;
    for (; scene.elapsedMs < endsMs; scene.elapsedMs += everyMs) {
      for (const [way, tally] of ways) asked.push(askAndCount(way, tally));
      await sleepForReal(Math.max(0, startedAt + scene.elapsedMs + everyMs - Date.now()) / speed);
    }
    screen.phaseEnded();
  }
  scene.phase = undefined;
  return asked;
}

async function askAndCount(way: Way, tally: Tally): Promise<void> {
  tally.asked += 1;
  const number = tally.asked;
  count(tally, await ask(way, `Question ${number}: does it hold?`, number % 2 === 0));
}
