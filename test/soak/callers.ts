import { isRouterError, type CallOptions, type CompletionStream, type Router, type Runtime } from 'failsoft';
import { answerOf, questionOf } from './answers.ts';

/** Where calls come from. */
export interface Callers {
  readonly router: Router;
  readonly runtime: Runtime;
  /** A number in [0, 1), seeded. */
  readonly random: () => number;
  /** Given to many calls and never aborted: what listens on it would pile up. */
  readonly sharedSignal: AbortSignal;
}

/** What a caller saw. Those that must never be begin with `WRONG`. */
export type Seen = string;

export const totalMs = 15_000;

/** Makes one call, of a kind drawn by chance, and says what came of it. Never rejects. */
export async function call(number: number, callers: Callers): Promise<Seen> {
  const { random } = callers;
  const kind = random();
  const own = ownSignal(callers);
  const options = { ...optionsBy(random), signal: own?.signal ?? callers.sharedSignal };
  try {
    if (kind < 0.4) return await whole(number, options, callers);
    return await streamed(number, options, callers);
  } finally {
    own?.stop();
  }
}

async function whole(number: number, options: CallOptions, { router }: Callers): Promise<Seen> {
  const request = requestOf(number);
  return router.complete(request, options).then(({ text }) => verdictOn(text, number), codeOf);
}

async function streamed(number: number, options: CallOptions, callers: Callers): Promise<Seen> {
  const { router, random } = callers;
  const stream = router.stream(requestOf(number), options);
  const how = random();
  if (how < 0.1) return stream.completion.then(({ text }) => verdictOn(text, number), codeOf);
  const slowMs = how < 0.25 ? 20 * random() : 0;
  const leavesAfter = how > 0.9 ? Math.floor(8 * random()) : Infinity;
  return how < 0.5
    ? readText(stream, number, { slowMs, leavesAfter, runtime: callers.runtime })
    : readEvents(stream, number, { slowMs, leavesAfter, runtime: callers.runtime });
}

interface Reading {
  readonly slowMs: number;
  readonly leavesAfter: number;
  readonly runtime: Runtime;
}

async function readText(
  stream: CompletionStream,
  number: number,
  { slowMs, leavesAfter, runtime }: Reading,
): Promise<Seen> {
  let text = '';
  let pieces = 0;
  try {
    for await (const piece of stream.textStream) {
      text += piece;
      pieces += 1;
      if (slowMs > 0) await runtime.sleep(slowMs);
      if (pieces > leavesAfter) break;
    }
  } catch (error) {
    return isBeginning(text, number) ? codeOf(error) : `WRONG beginning: ${text}`;
  }
  return pieces > leavesAfter ? left(stream, text, number) : verdictOn(text, number);
}

async function readEvents(
  stream: CompletionStream,
  number: number,
  { slowMs, leavesAfter, runtime }: Reading,
): Promise<Seen> {
  let text = '';
  let seen = 0;
  let finished = 0;
  try {
    for await (const event of stream) {
      seen += 1;
      if (event.type === 'restart') text = '';
      if (event.type === 'text') text += event.text;
      if (event.type === 'finish') finished += 1;
      if (slowMs > 0) await runtime.sleep(slowMs);
      if (seen > leavesAfter && finished === 0) return await left(stream, text, number);
    }
  } catch (error) {
    return isBeginning(text, number) ? codeOf(error) : `WRONG beginning: ${text}`;
  }
  return finished === 1 ? verdictOn(text, number) : `WRONG: ${finished} ends`;
}

/** What a reader left has seen is right as far as it goes, and the call ends whether or not it had been answered. */
async function left(stream: CompletionStream, text: string, number: number): Promise<Seen> {
  if (!isBeginning(text, number)) return `WRONG beginning: ${text}`;
  const end = await stream.completion.then(() => 'answered', codeOf);
  return end === 'answered' || end === 'aborted' ? 'left by its reader' : end;
}

function verdictOn(text: string, number: number): Seen {
  return text === answerOf(number) ? 'answered' : `WRONG answer to ${number}: ${text}`;
}

const isBeginning = (text: string, number: number) => answerOf(number).startsWith(text);

function codeOf(error: unknown): Seen {
  return isRouterError(error) ? error.code : `WRONG error: ${String(error)}`;
}

function requestOf(number: number) {
  return { messages: [{ role: 'user', content: questionOf(number) }] } as const;
}

function optionsBy(random: () => number): CallOptions {
  const recovery = (['none', 'restart', 'continue'] as const)[Math.floor(random() * 3)];
  const stream = { recovery, ...(random() < 0.2 ? { holdMs: 100 } : {}) };
  return { stream, transport: random() < 0.1 ? 'unary' : 'auto', timeouts: { totalMs } };
}

/** One call in twenty is aborted by its caller, at any time. */
function ownSignal({
  random,
  runtime,
}: Callers): { readonly signal: AbortSignal; readonly stop: () => void } | undefined {
  const draw = random();
  if (draw >= 0.05) return undefined;
  const controller = new AbortController();
  const timer = new AbortController();
  runtime.sleep(draw * 20_000, timer.signal).then(
    () => controller.abort(new Error('the caller has had enough')),
    () => {},
  );
  return { signal: controller.signal, stop: () => timer.abort() };
}
