import { createRouter, type Completion, type Message, type Router, type Target } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { google } from 'failsoft/google';
import { ollama } from 'failsoft/ollama';
import { openai } from 'failsoft/openai';
import { keyFromCommand, prompt, promptForKey, type KeySource } from './keys.ts';

const text = { type: 'string' } as const;

export const liveFlags = {
  'key-command': text,
  'openai-model': { ...text, default: 'gpt-5.4-mini' },
  'openai-url': text,
  'anthropic-model': { ...text, default: 'claude-haiku-4-5' },
  'anthropic-url': text,
  'google-model': { ...text, default: 'gemini-flash-latest' },
  'google-url': text,
  'ollama-model': { ...text, default: 'llama3.3' },
  'ollama-host': text,
} as const;

export const liveHelp = `npm run demo -- --live     three calls to real vendors; asks for the key of each, empty leaves it out
  --key-command <command>  runs this for each key instead, such as 'pass show llm/{vendor}'
  --openai-model <name>    and --anthropic-model, --google-model, --ollama-model
  --openai-url <url>       and --anthropic-url, --google-url: another endpoint of the same kind
  --ollama-host <url>      a local model as the last resort`;

export type LiveFlags = { readonly [Name in keyof typeof liveFlags]?: string };

/** A handful of calls with real keys. Returns the exit code. */
export async function goLive(flags: LiveFlags): Promise<number> {
  const targets = await targetsFrom(flags);
  if (targets === undefined) {
    console.error(
      '--live asks for keys on a terminal, and this is none; --key-command names where else they are',
    );
    return 2;
  }
  const [first] = targets;
  if (first === undefined) {
    console.error('no key, so nobody to ask');
    return 2;
  }
  await using router = createRouter({ models: { chat: targets }, retry: 1 });
  try {
    await converse(router, targets);
    return 0;
  } catch (error) {
    // One row for each attempt, free of keys.
    console.error(String(error));
    return 1;
  }
}

async function targetsFrom(flags: LiveFlags): Promise<Target[] | undefined> {
  const command = flags['key-command'];
  const canPrompt = process.stdin.isTTY && process.stdout.isTTY;
  if (command === undefined && !canPrompt) return undefined;
  const keyOf: KeySource = command === undefined ? promptForKey : keyFromCommand(command);
  const targets: Target[] = [];
  const openaiKey = await keyOf('openai');
  if (openaiKey !== '') {
    const provider = openai({ apiKey: openaiKey, baseURL: flags['openai-url'] });
    targets.push({ id: 'openai', provider, model: flags['openai-model'] ?? '' });
  }
  const anthropicKey = await keyOf('anthropic');
  if (anthropicKey !== '') {
    const provider = anthropic({ apiKey: anthropicKey, baseURL: flags['anthropic-url'] });
    targets.push({ id: 'anthropic', provider, model: flags['anthropic-model'] ?? '' });
  }
  const googleKey = await keyOf('google');
  if (googleKey !== '') {
    const provider = google({ apiKey: googleKey, baseURL: flags['google-url'] });
    targets.push({ id: 'google', provider, model: flags['google-model'] ?? '' });
  }
  const askForHost = async () => (command === undefined ? prompt('ollama: host (empty: without it) ') : '');
  const host = flags['ollama-host'] ?? (await askForHost());
  if (host !== '') {
    targets.push({
      id: 'ollama',
      provider: ollama({ host }),
      model: flags['ollama-model'] ?? '',
      priority: 9,
    });
  }
  return targets;
}

async function converse(router: Router, targets: readonly Target[]): Promise<void> {
  const request = (content: string) => ({
    messages: [{ role: 'user', content }] satisfies Message[],
    // Some models think first, and that counts.
    maxTokens: 2_000,
  });
  console.log('\nA call:');
  show(await router.complete(request('In one sentence: what is a circuit breaker good for?')));

  console.log('\nA stream:');
  const stream = router.stream(request('In two sentences: why do trains run on rails?'));
  for await (const piece of stream.textStream) process.stdout.write(piece);
  process.stdout.write('\n');
  const streamed = await stream.completion;
  show({ ...streamed, text: '' });

  if (targets.length > 1) {
    console.log(`\nThe same without ${streamed.target.id}:`);
    router.disable(streamed.target.id, { reason: 'to see who is next' });
    show(await router.complete(request('In one sentence: what is a plan B good for?')));
    router.enable(streamed.target.id);
  }

  console.log('\nHow they stand:');
  for (const [id, { breaker, firstToken }] of Object.entries(router.health().targets)) {
    const first =
      firstToken === undefined ? 'not asked' : `first token after ${Math.round(firstToken.p50Ms)} ms`;
    console.log(`  ${id.padEnd(10)} ${breaker.padEnd(10)} ${first}`);
  }
}

function show({ text, target, latencyMs, usage, attempts }: Completion): void {
  if (text !== '') console.log(text);
  for (const { target: id, failure } of attempts) {
    if (failure) console.log(`  ${id}: ${failure.kind}, ${failure.message}`);
  }
  console.log(`  ${target.id} (${target.model}), ${latencyMs} ms, ${usage.totalTokens ?? '?'} tokens`);
}
