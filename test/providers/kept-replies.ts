import { Anthropic } from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { createRouter, type Provider } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { openai } from 'failsoft/openai';

// Prints how many replies are kept of ten whose calls are over: `node --expose-gc kept-replies.ts anthropic|openai broke-off|stopped`.
// A process of its own, since whoever tests keeps the errors that it has seen.

const [vendor, end] = process.argv.slice(2);
const bodies: WeakRef<object>[] = [];

/** As a real `fetch` does: errors are made where the body is known. Without sockets, which keep what they were last used for. */
const fetchThatEnds: typeof fetch = (_, init) => {
  let controller: ReadableStreamDefaultController | undefined;
  const body = new ReadableStream({
    start(own) {
      controller = own;
      own.enqueue(new TextEncoder().encode(': nothing yet\n\n'));
    },
  });
  const fail = () => {
    if (body instanceof ReadableStream) controller?.error(new TypeError('terminated'));
  };
  if (end === 'broke-off') setTimeout(fail, 2);
  else init?.signal?.addEventListener('abort', fail, { once: true });
  bodies.push(new WeakRef(body));
  return Promise.resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
};

const options = { apiKey: 'test', fetch: fetchThatEnds, maxRetries: 0 };
const provider: Provider =
  vendor === 'anthropic'
    ? anthropic({ client: new Anthropic(options) })
    : openai({ client: new OpenAI(options) });
const router = createRouter({
  models: { chat: [{ provider, model: vendor === 'anthropic' ? 'claude-sonnet-5' : 'gpt-4.1' }] },
  timeouts: { totalMs: 20 },
  retry: 0,
});
for (let call = 0; call < 10; call += 1) {
  router.enable(router.health().models['chat']!.targets[0]!);
  await router.stream({ messages: [{ role: 'user', content: 'Hello' }] }).completion.catch(() => undefined);
}
// What is told of garbage comes a moment later, and makes more of it.
for (let round = 0; round < 10; round += 1) {
  globalThis.gc?.();
  await new Promise((done) => setTimeout(done, 5));
}
console.log(`${bodies.length} replies, ${bodies.filter((body) => body.deref()).length} kept`);
