import {
  anthropicEmulator,
  geminiEmulator,
  manualRuntime,
  ollamaEmulator,
  openaiEmulator,
  type Emulator,
  type FaultSchedule,
} from 'failsoft/testing';
import { piecesLeft } from './answers.ts';

// The vendors of a soak, in a process of their own: so that what is measured is the router, its SDKs and their sockets alone.
// `node emulators.ts seed`; tells its parent where they listen, and ends with it.

const { random } = manualRuntime({ seed: Number(process.argv[2]) });

type RequestFault =
  Extract<Exclude<FaultSchedule, readonly unknown[]>, (...args: never[]) => unknown> extends (
    ...args: never[]
  ) => infer Fault
    ? Fault
    : never;

const faults: readonly (() => RequestFault)[] = [
  () => 'server-error',
  () => 'server-error',
  () => 'overloaded',
  () => ({ kind: 'rate-limit', afterMs: 1_000, hint: 'retry-after-ms' }),
  () => ({ kind: 'truncate', how: 'clean', tokens: Math.floor(random() * 5) }),
  () => ({ kind: 'truncate', how: 'mid-event', tokens: Math.floor(random() * 5) }),
  () => ({ kind: 'truncate', how: 'hard', tokens: Math.floor(random() * 5) }),
  () => ({ kind: 'stall-after', tokens: Math.floor(random() * 5) }),
  () => ({ kind: 'slow', tokenMs: 30 }),
  () => ({ kind: 'pings-only', everyMs: 200, tokens: 2 }),
  () => ({ kind: 'stream-error', tokens: Math.floor(random() * 5) }),
  () => ({ kind: 'garbage', what: 'html' }),
  () => 'hang',
  () => 'stall-before-first-token',
  () => 'half-json',
  () => 'reset',
  () => 'empty',
];

/** For 15 s of each minute things are five times as bad. */
const tide = (now: number) => (now % 60_000 < 15_000 ? 5 : 1);

function schedule(share: number): FaultSchedule {
  return () => (random() < share * tide(Date.now()) ? faults[Math.floor(random() * faults.length)]!() : null);
}

const reply = ({ body }: { readonly body: unknown }) => ({ text: piecesLeft(body) });
const emulators: readonly Emulator[] = await Promise.all([
  openaiEmulator({ reply, faults: schedule(0.05) }),
  anthropicEmulator({ reply, faults: schedule(0.1) }),
  geminiEmulator({ reply, faults: schedule(0.1) }),
  ollamaEmulator({ reply, faults: schedule(0.02) }),
]);

// What they have received is of no use here, and would fill this process.
setInterval(() => {
  for (const { requests } of emulators) (requests as unknown[]).splice(0);
}, 1_000).unref();

// Nobody listens at the last one for 5 s of every 50.
const [refusing] = emulators.slice(-1);
setInterval(() => {
  void refusing?.fault('refuse');
  setTimeout(() => void refusing?.fault(schedule(0.02)), 5_000).unref();
}, 50_000).unref();

process.on('disconnect', () => process.exit(0));
process.send?.(emulators.map(({ url }) => url));
