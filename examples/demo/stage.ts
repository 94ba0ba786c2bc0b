import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { createRouter, type Observer, type Router } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { google } from 'failsoft/google';
import { ollama } from 'failsoft/ollama';
import { openai } from 'failsoft/openai';
import {
  anthropicEmulator,
  geminiEmulator,
  ollamaEmulator,
  openaiEmulator,
  type Emulator,
  type ReplyRequest,
} from 'failsoft/testing';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import type { Name, Phase } from './phases.ts';

/** Four vendors on this machine, one router in front of them, and the first vendor once more for those without one. */
export interface Stage {
  readonly router: Router<'chat'>;
  /** The SDK of the first vendor, as it comes, pointed at a server that fails exactly as the router's own does. */
  readonly alone: OpenAI;
  enter(phase: Phase): Promise<void>;
  /** Requests that are still open at any of the servers. */
  open(): number;
  close(): Promise<void>;
}

/** What every vendor answers: long enough to be cut, and known to whoever asked. */
export function answerTo(question: string): string {
  return `${question} Yes: slowly at first, then faster, and always to the very last word.`;
}

const reply = ({ prompt }: ReplyRequest) => answerTo(prompt);
const apiKey = 'not a key: the stand-ins take any';

export async function openStage(observer: Observer): Promise<Stage> {
  const servers: Readonly<Record<Name, Emulator>> = {
    gpt: await openaiEmulator({ reply, tokenDelayMs: 40 }),
    claude: await anthropicEmulator({ reply, tokenDelayMs: 55 }),
    gemini: await geminiEmulator({ reply, tokenDelayMs: 50 }),
    local: await ollamaEmulator({ reply, tokenDelayMs: 130 }),
  };
  const double = await openaiEmulator({ reply, tokenDelayMs: 40 });

  return {
    router: routerOver(servers, observer),
    alone: new OpenAI({ apiKey, baseURL: `${double.url}/v1` }),
    async enter({ faults }) {
      for (const [name, server] of Object.entries(servers)) await server.fault(faults[name as Name]);
      await double.fault(faults.gpt);
    },
    open: () => [...Object.values(servers), double].reduce((sum, { counters }) => sum + counters.open, 0),
    async close() {
      for (const server of [...Object.values(servers), double]) await server.close();
    },
  };
}

/** The router as anybody would set it up: every default as it is. */
function routerOver(servers: Readonly<Record<Name, Emulator>>, observer: Observer): Router<'chat'> {
  const gpt = new OpenAI({ apiKey, baseURL: `${servers.gpt.url}/v1` });
  const claude = new Anthropic({ apiKey, baseURL: servers.claude.url });
  const gemini = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: servers.gemini.url } });
  const local = new Ollama({ host: servers.local.url });
  return createRouter({
    models: {
      chat: [
        { id: 'gpt', provider: openai({ client: gpt }), model: 'gpt-5.2', weight: 5 },
        { id: 'claude', provider: anthropic({ client: claude }), model: 'claude-sonnet-5', weight: 3 },
        { id: 'gemini', provider: google({ client: gemini }), model: 'gemini-2.5-flash', weight: 2 },
        {
          id: 'local',
          provider: ollama({ client: local }),
          model: 'llama3.3',
          priority: 9,
          degraded: true,
        },
      ],
    },
    observers: [observer],
  });
}
