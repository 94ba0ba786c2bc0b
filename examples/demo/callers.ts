import type { Message } from 'failsoft';
import { answerTo, type Stage } from './stage.ts';

/** One way of asking: for a whole answer, or for its pieces as they come. */
export interface Way {
  ask(question: string, signal: AbortSignal): Promise<string>;
  stream(question: string, signal: AbortSignal): AsyncIterable<string>;
}

export function throughRouter({ router }: Stage): Way {
  const requestFor = (content: string) => ({ messages: [{ role: 'user', content }] satisfies Message[] });
  return {
    ask: async (question, signal) => (await router.complete(requestFor(question), { signal })).text,
    stream: (question, signal) => router.stream(requestFor(question), { signal }).textStream,
  };
}

/** As code without a router has it; by itself the SDK tries twice more. */
export function throughSdk({ alone }: Stage): Way {
  const requestFor = (content: string) => ({
    model: 'gpt-5.2',
    messages: [{ role: 'user' as const, content }],
  });
  return {
    async ask(question, signal) {
      const completion = await alone.chat.completions.create(requestFor(question), { signal });
      return completion.choices[0]?.message.content ?? '';
    },
    async *stream(question, signal) {
      const body = { ...requestFor(question), stream: true as const };
      const chunks = await alone.chat.completions.create(body, { signal });
      for await (const chunk of chunks) yield chunk.choices[0]?.delta.content ?? '';
    },
  };
}

/**
 * What a caller saw. `wrong`: a cut or empty answer, handed over as if it were whole; `broken`: an error after the first
 * words of a stream; `hung`: no end, until the caller's patience had one.
 */
export type Outcome = 'whole' | 'wrong' | 'failed' | 'broken' | 'hung';

export interface Seen {
  readonly outcome: Outcome;
  readonly tookMs: number;
}

/** How long a caller waits at most. */
export const patienceMs = 60_000;

/** Asks one question and says what came of it. */
export async function ask(way: Way, question: string, streaming: boolean): Promise<Seen> {
  const startedAt = Date.now();
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), patienceMs);
  let text = '';
  let outcome: Outcome;
  try {
    if (streaming) for await (const piece of way.stream(question, patience.signal)) text += piece;
    else text = await way.ask(question, patience.signal);
    outcome = text === answerTo(question) ? 'whole' : 'wrong';
  } catch {
    outcome = text === '' ? 'failed' : 'broken';
  }
  clearTimeout(timer);
  return { outcome: patience.signal.aborted ? 'hung' : outcome, tookMs: Date.now() - startedAt };
}
