import Anthropic from '@anthropic-ai/sdk';
import { createRouter, type Completion, type RouterEvent } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { openai } from 'failsoft/openai';
import { anthropicEmulator, openaiEmulator, type ReplyRequest } from 'failsoft/testing';
import OpenAI from 'openai';
import { answerPage, type AnswerPage } from './answer-page.ts';

const tale =
  'For a hundred years the lamp on the northern cliff had burned every night, and in all that time nobody on the island ' +
  'could say who lit it. Then, one winter, a girl called Ingrid stayed awake to see. She climbed the ninety-six steps, sat ' +
  'down behind the door, and waited until the sea was dark.';
const otherTale =
  'There was once a lighthouse that kept itself. Every evening its lamp began to burn, and every morning it was cold, until ' +
  'a girl with more patience than sleep went up the stairs to find out why.';
/** After so many words the first vendor is gone. */
const wordsBeforeTheBreak = 24;
const wordMs = 45;

/** Shows one answer, whose vendor is cut in its middle, under each recovery. Returns the exit code. */
export async function showBrokenAnswers(): Promise<number> {
  console.log('\nOne answer, written by gpt. In its middle the connection breaks, and claude takes over.\n');
  const restarted = await play('restart', 'what was read is void, and another answer begins');
  const continued = await play('continue', 'the text goes on where it stopped');
  return restarted === otherTale && continued === tale ? 0 : 1;
}

/** Returns what the reader has in the end. */
async function play(recovery: 'restart' | 'continue', meaning: string): Promise<string> {
  const page = answerPage(process.stdout);
  page.begin(`recovery: '${recovery}'`, meaning);
  await using gpt = await openaiEmulator({
    reply: tale,
    tokenDelayMs: wordMs,
    faults: { kind: 'truncate', how: 'hard', tokens: wordsBeforeTheBreak },
  });
  await using claude = await anthropicEmulator({ reply: replyOfClaude, tokenDelayMs: wordMs });
  await using router = createRouter({
    models: {
      chat: [
        {
          id: 'gpt',
          provider: openai({ client: new OpenAI({ apiKey: 'none', baseURL: `${gpt.url}/v1` }) }),
          model: 'gpt-5.2',
        },
        {
          id: 'claude',
          provider: anthropic({ client: new Anthropic({ apiKey: 'none', baseURL: claude.url }) }),
          model: 'claude-sonnet-5',
        },
      ],
    },
    stream: { recovery },
    observers: [(event) => watch(event, page)],
  });
  const stream = router.stream({ messages: [{ role: 'user', content: 'Tell me a tale.' }] });
  let text = '';
  for await (const event of stream) {
    if (event.type === 'text') {
      text += event.text;
      page.write(event.text);
    } else if (event.type === 'restart') {
      text = '';
      page.takeBack();
    }
  }
  page.end(summaryOf(await stream.completion));
  return text;
}

/** As models do when they are asked to go on: a remark, the last words once more, and then the rest. */
function replyOfClaude({ prompt }: ReplyRequest): string {
  if (!prompt.includes('broke off')) return otherTale;
  const rest = tale.split(' ').slice(wordsBeforeTheBreak - 6);
  return `Sure, here is the rest:\n\n${rest.join(' ')}`;
}

/** The reader is not told who writes; whoever watches the router is. */
function watch(event: RouterEvent, page: AnswerPage): void {
  if (event.type === 'attempt' && event.attempt.failure) {
    const { target, failure } = event.attempt;
    page.broke(target, `${failure.kind}: ${failure.message}`);
  }
  if (event.type === 'failover') page.writer(event.to);
}

function summaryOf({ segments, attempts, latencyMs }: Completion): string {
  const parts = segments.map(({ target, text }) => `${target} ${text.length} characters`);
  return `whole after ${(latencyMs / 1000).toFixed(1)} s and ${attempts.length} attempts; segments: ${parts.join(', ')}`;
}
