/** A vendor of your own: one method that yields text and then exactly one `finish`. */
import { createServer } from 'node:http';
import { createRouter, failureError, type Provider } from 'failsoft';

// The in-house model server of this example: plain text over HTTP, and a queue that is full at first.
let asked = 0;
const server = createServer((_request, response) => {
  asked += 1;
  if (asked === 1) response.writeHead(503, { 'retry-after': '1' }).end('the queue is full');
  else response.end('All quiet in the machine room.');
});
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
const { port } = server.address() as { port: number };

const inHouse: Provider = {
  name: 'in-house',
  async *stream({ model, request, signal, headers }) {
    const url = `http://127.0.0.1:${port}/${model}`;
    const body = JSON.stringify(request.messages);
    // The signal ends everything that this attempt holds: deadlines and the caller's abort come by it.
    const response = await fetch(url, { method: 'POST', body, signal, headers });
    if (!response.ok || !response.body) {
      const { status } = response;
      const message = await response.text();
      const retryAfterMs = Number(response.headers.get('retry-after') ?? 0) * 1000;
      throw failureError({
        kind: status === 503 ? 'overloaded' : 'server-error',
        message,
        status,
        retryAfterMs,
      });
    }
    // What fetch itself throws needs no word here: general rules know broken connections.
    const texts: AsyncIterable<string> = response.body.pipeThrough(new TextDecoderStream());
    for await (const text of texts) yield { type: 'text', text };
    // Without it the attempt counts as cut off: nothing incomplete is ever a success.
    yield { type: 'finish', finishReason: 'stop' };
  },
  supports: () => ({ tools: false, images: false, schema: false }),
};

await using router = createRouter({ models: { chat: [{ provider: inHouse, model: 'quiet-7b' }] } });
const reply = await router.complete({ messages: [{ role: 'user', content: 'How are things?' }] });
console.log(reply.text);
for (const { decision, failure } of reply.attempts)
  console.log(`- ${decision}: ${failure?.message ?? 'whole'}`);
server.close();
