/** A route that streams to a browser. Whoever closes the tab stops the vendor; errors in the stream are public ones. */
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createRouter } from 'failsoft';
import { openai } from 'failsoft/openai';
import { openaiEmulator } from 'failsoft/testing';
import OpenAI from 'openai';

// A stand-in, so that this runs without a key.
await using openaiServer = await openaiEmulator({ reply: 'Tea, then toast.' });
const vault = { read: async (name: string) => `the key for ${name}` };
const gpt = new OpenAI({ apiKey: await vault.read('openai'), baseURL: `${openaiServer.url}/v1` });

await using router = createRouter({
  models: { chat: [{ provider: openai({ client: gpt }), model: 'gpt-5.2' }] },
});

const server = createServer((request, response) => {
  const question = new URL(request.url ?? '/', 'http://localhost').searchParams.get('q') ?? '';
  const answer = router
    .stream({ messages: [{ role: 'user', content: question }] })
    .toResponse({ format: 'sse' });
  // 200 in any case: a call that fails, for a faulty request too, tells so by an event `failure`.
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  // Where there are web responses already (Hono, Next.js, Bun, workers) the handler is just: `return answer`.
  // When the browser leaves, pipeline ends the stream, and with it the vendor's request.
  pipeline(Readable.fromWeb(answer.body!), response).catch(() => {});
});
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));

// The browser's part. (An EventSource would ask again, and be charged again, when the answer has ended.)
const { port } = server.address() as { port: number };
const response = await fetch(`http://127.0.0.1:${port}/chat?q=What+is+for+breakfast`);
console.log(response.headers.get('content-type'));
console.log(await response.text());

server.close();
