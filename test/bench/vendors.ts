import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import type { Provider } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { google } from 'failsoft/google';
import { ollama } from 'failsoft/ollama';
import { openai } from 'failsoft/openai';
import { stubFetch, type StubReplies } from './stub-fetch.ts';
import { anthropicWire, geminiWire, ollamaWire, openaiWire, question, type Wire } from './wires.ts';

/** One vendor by its bare SDK, and by failsoft over a client of the same settings. */
export interface Vendor {
  readonly name: string;
  readonly wire: Wire;
  readonly model: string;
  setUp(replies: StubReplies): {
    readonly provider: Provider;
    /** Asks for a whole answer; its text. */
    readonly complete: () => Promise<string>;
    /** Asks for a stream and collects it; its text. */
    readonly collect: () => Promise<string>;
  };
}

const messages = [{ role: 'user' as const, content: question }];

const openaiVendor: Vendor = {
  name: 'openai chat',
  wire: openaiWire,
  model: 'gpt-4.1',
  setUp(replies) {
    const client = new OpenAI({ apiKey: 'sk-bench', fetch: stubFetch(replies) });
    const asked = { model: 'gpt-4.1', messages };
    return {
      provider: openai({ client }),
      async complete() {
        const reply = await client.chat.completions.create(asked);
        return reply.choices[0]?.message.content ?? '';
      },
      async collect() {
        let text = '';
        let usage;
        const stream = await client.chat.completions.create({
          ...asked,
          stream: true,
          stream_options: { include_usage: true },
        });
        for await (const chunk of stream) {
          text += chunk.choices[0]?.delta.content ?? '';
          usage = chunk.usage ?? usage;
        }
        return usage ? text : '';
      },
    };
  },
};

const anthropicVendor: Vendor = {
  name: 'anthropic',
  wire: anthropicWire,
  model: 'claude-sonnet-5',
  setUp(replies) {
    const client = new Anthropic({ apiKey: 'sk-ant-bench', fetch: stubFetch(replies) });
    const asked = { model: 'claude-sonnet-5', max_tokens: 8192, messages };
    return {
      provider: anthropic({ client }),
      async complete() {
        const reply = await client.messages.create(asked);
        return reply.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
      },
      async collect() {
        let text = '';
        let usage;
        const stream = await client.messages.create({ ...asked, stream: true });
        for await (const event of stream) {
          if (event.type === 'content_block_delta' && event.delta.type === 'text_delta')
            text += event.delta.text;
          else if (event.type === 'message_delta') usage = event.usage;
        }
        return usage ? text : '';
      },
    };
  },
};

const geminiVendor: Vendor = {
  name: 'google genai',
  wire: geminiWire,
  model: 'gemini-2.5-flash',
  setUp(replies) {
    const client = new GoogleGenAI({
      apiKey: 'bench',
      // `fetch` came with 3.0; its type is not told.
      httpOptions: { fetch: stubFetch(replies) },
    });
    const asked = { model: 'gemini-2.5-flash', contents: [{ role: 'user', parts: [{ text: question }] }] };
    return {
      provider: google({ client }),
      async complete() {
        const reply = await client.models.generateContent(asked);
        return reply.text ?? '';
      },
      async collect() {
        let text = '';
        let usage;
        for await (const chunk of await client.models.generateContentStream(asked)) {
          text += chunk.text ?? '';
          usage = chunk.usageMetadata ?? usage;
        }
        return usage ? text : '';
      },
    };
  },
};

const ollamaVendor: Vendor = {
  name: 'ollama',
  wire: ollamaWire,
  model: 'llama3.3',
  setUp(replies) {
    const client = new Ollama({ host: 'http://127.0.0.1:11434', fetch: stubFetch(replies) });
    return {
      provider: ollama({ client }),
      async complete() {
        const reply = await client.chat({ model: 'llama3.3', messages });
        return reply.message.content;
      },
      async collect() {
        let text = '';
        let tokens;
        for await (const part of await client.chat({ model: 'llama3.3', messages, stream: true })) {
          text += part.message.content;
          tokens = part.eval_count;
        }
        return tokens ? text : '';
      },
    };
  },
};

export const vendors: readonly Vendor[] = [openaiVendor, anthropicVendor, geminiVendor, ollamaVendor];
