import { z } from 'zod';
import {
  createRouter,
  type Completion,
  type CompletionRequest,
  type Message,
  type Provider,
  type Router,
  type Target,
  type Tool,
} from 'failsoft';

declare const provider: Provider;
declare function expectType<T>(value: T): void;

const router = createRouter({
  models: {
    chat: [{ provider, model: 'm', weight: 5 }],
    cheap: { targets: [{ provider, model: 'n' }], strategy: 'cheapest' },
  },
  defaultModel: 'chat',
});

// The names of the models are known, and a router of some names is a router.
expectType<Router<'chat' | 'cheap'>>(router);
expectType<Router>(router);
void router.complete({ model: 'cheap', messages: [] });
// @ts-expect-error no such model
void router.complete({ model: 'chit', messages: [] });
// @ts-expect-error no such model
createRouter({ models: { chat: [{ provider, model: 'm' }] }, defaultModel: 'chit' });
// @ts-expect-error no such option
createRouter({ models: { chat: [{ provider, model: 'm' }] }, retyr: 2 });

// `object` is what the schema says.
const typed = await router.complete({ messages: [], schema: z.object({ city: z.string() }) });
expectType<string>(typed.object.city);
// @ts-expect-error no such field
void typed.object.country;
const plain = await router.complete({ messages: [], schema: { type: 'object' } });
expectType<unknown>(plain.object);
const streamed = router.stream({ messages: [], schema: z.object({ n: z.number() }) });
expectType<Promise<Completion<{ n: number }>>>(streamed.completion);
for await (const event of streamed)
  if (event.type === 'finish') expectType<number>(event.completion.object.n);
for await (const text of router.stream({ messages: [] }).textStream) expectType<string>(text);

// Lists are taken as readonly, and an answer's message goes back in as it is.
const messages = [{ role: 'user', content: 'Hello' }] as const satisfies readonly Message[];
const tools = [
  { name: 'weather', parameters: z.object({ city: z.string() }) },
] as const satisfies readonly Tool[];
const targets = [{ provider, model: 'm', tags: ['eu'] }] as const satisfies readonly Target[];
createRouter({ models: { chat: targets } });
const reply = await router.complete({ messages, tools, stop: ['END'] as const });
const next: CompletionRequest = { messages: [...messages, reply.message] };
void next;

// Methods are plain functions.
const { complete, health } = router;
void complete({ messages });
expectType<'ok' | 'degraded' | 'down' | undefined>(health().models['chat']?.state);
