import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { createRouter, systemRuntime, type Runtime, type Target } from 'failsoft';
import { manualRuntime } from 'failsoft/testing';
import { heapSlope, resources, takeCensus, type Census } from './census.ts';
import { scriptedTarget } from './scripted.ts';
import { createTraffic, type Tally } from './traffic.ts';
import { startVendors, type Vendors } from './vendors.ts';

// npm run soak -- [--minutes 30] [--rate 200] [--over sdks|scripted] [--seed 1]
// Ends with 1 where an answer was wrong or doubled, a call did not end, something was left behind, or the heap grew.

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    rate: { type: 'string', default: '200' },
    over: { type: 'string', default: 'sdks' },
    seed: { type: 'string', default: '1' },
  },
});
const minutes = Number(values.minutes);
const rate = Number(values.rate);
const seed = Number(values.seed);

/** More than this in a minute, after the first quarter, is a leak: at 200 calls a second, about ten bytes a call. */
const mostHeapSlope = 128 * 1024;
const minuteMs = 60_000;
/** Sockets that are kept for the next request close by themselves after some seconds. */
const idleSocketsMs = 15_000;

const { random } = manualRuntime({ seed });
const runtime: Runtime = { ...systemRuntime, random };
console.log(`${rate} calls/s over ${values.over} for ${minutes} min, seed ${seed}, Node ${process.version}`);
const atBegin = resources();
let vendors: Vendors | undefined;

async function targets(): Promise<readonly Target[]> {
  if (values.over === 'scripted')
    return ['a', 'b', 'c', 'd'].map((id) => scriptedTarget(id, { runtime, random }, 0.08));
  vendors = await startVendors(seed);
  return vendors.targets;
}

const router = createRouter({
  models: { chat: await targets() },
  timeouts: { firstTokenMs: 1_500, idleMs: 1_500 },
  runtime,
});
const sharedSignal = new AbortController().signal;
const traffic = createTraffic({ router, runtime, random, sharedSignal }, rate);
const problems: string[] = [];
/** How late timers fire, which is the machine's doing: a call cannot end sooner than that after its deadline. */
const lag = monitorEventLoopDelay({ resolution: 10 });
lag.enable();
const censuses: Census[] = [];

for (let minute = 1; minute <= Math.ceil(minutes); minute += 1) {
  const cpu = process.cpuUsage();
  lag.reset();
  await traffic.flow(Math.min(1, minutes - minute + 1) * minuteMs);
  const used = process.cpuUsage(cpu);
  if (!(await traffic.rest()))
    problems.push(`minute ${minute}: ${traffic.tally().open} calls have not ended`);
  const census = await takeCensus(router, sharedSignal);
  censuses.push(census);
  checkAtRest(minute, census);
  console.log(line(minute, census, traffic.tally(), (used.user + used.system) / 1000 / minuteMs));
}

lag.disable();
await router.close();
await vendors?.[Symbol.asyncDispose]();
await checkAllGone();
checkOutcomes(traffic.tally());
checkHeap();

for (const problem of problems) console.error(`FAILED ${problem}`);
console.log(problems.length === 0 ? 'passed' : `${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function checkAtRest(minute: number, { listeners, inFlight }: Census): void {
  if (listeners > 0) problems.push(`minute ${minute}: ${listeners} listeners on the shared signal`);
  if (inFlight > 0) problems.push(`minute ${minute}: ${inFlight} attempts in flight, but no call`);
}

/** Timers and sockets are back to where they began. */
async function checkAllGone(): Promise<void> {
  const until = performance.now() + idleSocketsMs;
  const more = () =>
    Object.entries(resources()).filter(
      ([name, count]) => count > (atBegin[name] ?? 0) && name !== 'PipeWrap',
    );
  // Its own wait is the one timer that may be there.
  while (more().length > 0 && performance.now() < until) await runtime.sleep(200);
  const left = more();
  if (left.length > 0) problems.push(`left after close: ${JSON.stringify(Object.fromEntries(left))}`);
  else console.log('after close: no more sockets and timers than at the beginning');
}

function checkOutcomes({ calls, outcomes, open }: Tally): void {
  if (open > 0) problems.push(`${open} calls never ended`);
  const wrong = [...outcomes].filter(([seen]) => seen.startsWith('WRONG'));
  for (const [seen, count] of wrong.slice(0, 10)) problems.push(`${count} × ${seen}`);
  const shares = [...outcomes].sort(([, one], [, other]) => other - one);
  console.log(`${calls} calls:`);
  for (const [seen, count] of shares) console.log(`  ${((100 * count) / calls).toFixed(2)} % ${seen}`);
}

/** What is learnt and compiled at first is no leak: the first quarter is left out. */
function checkHeap(): void {
  const slope = heapSlope(censuses.slice(Math.floor(censuses.length / 4)));
  if (Number.isNaN(slope)) return console.log('heap: too short a run for a slope');
  console.log(
    `heap: ${(slope / 1024).toFixed(1)} kB a minute after the first quarter, at most ${mostHeapSlope / 1024}`,
  );
  if (slope > mostHeapSlope) problems.push('the heap grows');
}

function line(minute: number, census: Census, { calls, outcomes, open }: Tally, cpu: number): string {
  const heap = (census.heapBytes / 1024 / 1024).toFixed(2);
  const answered = ((100 * (outcomes.get('answered') ?? 0)) / calls).toFixed(1);
  const held = Object.entries(census.resources)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
  return `${String(minute).padStart(3)} min  heap ${heap} MB  ${calls} calls  ${answered} % answered  open ${open}  in flight ${census.inFlight}  listeners ${census.listeners}  CPU ${cpu.toFixed(2)}  lag ${(lag.max / 1e6).toFixed(0)} ms  at rest: ${held}`;
}
