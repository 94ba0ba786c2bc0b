import { createRouter, isRouterError, type Provider, type StreamEvent } from 'failsoft';
import {
  manualRuntime,
  scriptedProvider,
  type ManualRuntime,
  type Script,
  type ScriptStep,
} from 'failsoft/testing';

/** Something that a provider said, or that a reader saw, in milliseconds since the call began. */
export interface Moment {
  readonly at: number;
  readonly what: 'text' | 'failure' | 'restart' | 'finish';
  readonly text: string;
  /** Who wrote it. */
  readonly by: Writer;
}

export type Writer = 'gpt' | 'claude';

export interface Recording {
  readonly said: Readonly<Record<Writer, readonly Moment[]>>;
  readonly seen: readonly Moment[];
}

export interface Break {
  readonly recovery: 'none' | 'restart' | 'continue';
  readonly holdMs?: number;
  /** Words that the first provider gets out. */
  readonly words: number;
}

const tale = 'The lamp had burned for a hundred years, and nobody on the island could say who lit it.';
const otherTale = 'There was once an island with a lamp that never went out, and nobody knew why.';
const firstWordMs = 300;
const wordMs = 110;

/** Runs one call of the real router, in virtual time, whose first provider breaks off. */
export async function record({ recovery, holdMs = 0, words }: Break): Promise<Recording> {
  const runtime = manualRuntime();
  const said: Record<Writer, Moment[]> = { gpt: [], claude: [] };
  const gpt: Script = [...spoken(tale).slice(0, 2 * words), { waitMs: wordMs }, { fail: 'network' }];
  const router = createRouter({
    models: {
      chat: [
        { id: 'gpt', provider: listened(gptScript(gpt, runtime), said.gpt, runtime), model: 'gpt-5.2' },
        { id: 'claude', provider: listened(claudeScript(runtime), said.claude, runtime), model: 'claude' },
      ],
    },
    stream: { recovery, holdMs },
    runtime,
  });
  const seen: Moment[] = [];
  const stream = router.stream({ messages: [{ role: 'user', content: 'Tell me a tale.' }] });
  await runtime.run(() => watch(stream, seen, { said, runtime }));
  return { said, seen };
}

function gptScript(script: Script, runtime: ManualRuntime): Provider {
  return scriptedProvider(script, { name: 'gpt', runtime });
}

/** Asked to go on, it repeats the last words, as the instruction says; asked anew, it tells it in its own words. */
function claudeScript(runtime: ManualRuntime): Provider {
  return scriptedProvider(({ request }) => spoken(request.messages.length > 1 ? tale : otherTale), {
    name: 'claude',
    runtime,
  });
}

function spoken(text: string): ScriptStep[] {
  const words = text.match(/\S+\s*/g) ?? [];
  return words.flatMap((word, index) => [{ waitMs: index === 0 ? firstWordMs : wordMs }, { text: word }]);
}

function listened(provider: Provider, moments: Moment[], runtime: ManualRuntime): Provider {
  const by = provider.name as Writer;
  return {
    ...provider,
    async *stream(call) {
      try {
        for await (const event of provider.stream?.(call) ?? []) {
          if (event.type === 'text') moments.push({ at: runtime.now(), what: 'text', text: event.text, by });
          yield event;
        }
      } catch (error) {
        moments.push({ at: runtime.now(), what: 'failure', text: '', by });
        throw error;
      }
    },
  };
}

async function watch(
  stream: AsyncIterable<StreamEvent>,
  seen: Moment[],
  { said, runtime }: { readonly said: Recording['said']; readonly runtime: ManualRuntime },
): Promise<void> {
  const see = (what: Moment['what'], text = '') => {
    const by = said.claude.length > 0 ? 'claude' : 'gpt';
    seen.push({ at: runtime.now(), what, text, by });
  };
  try {
    for await (const event of stream) {
      if (event.type === 'text') see('text', event.text);
      else if (event.type === 'restart' || event.type === 'finish') see(event.type);
    }
  } catch (error) {
    see('failure', isRouterError(error) ? error.code : String(error));
  }
}
