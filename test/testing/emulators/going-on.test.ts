import { expect, it } from 'vitest';
import { createRouter } from 'failsoft';
import { google } from 'failsoft/google';
import { openai } from 'failsoft/openai';
import { geminiEmulator, openaiEmulator } from 'failsoft/testing';

it('an emulator without a reply goes on with an answer that broke off, and does not echo that it was asked to', async () => {
  await using gpt = await openaiEmulator({ faults: { kind: 'truncate', how: 'hard', tokens: 8 } });
  await using gemini = await geminiEmulator();
  const router = createRouter({
    models: {
      chat: [
        { id: 'gpt', provider: openai({ apiKey: 'test', baseURL: `${gpt.url}/v1` }), model: 'gpt-4.1' },
        {
          id: 'gemini',
          provider: google({ apiKey: 'test', baseURL: gemini.url }),
          model: 'gemini-2.5-flash',
        },
      ],
    },
    retry: 0,
    stream: { recovery: 'continue' },
  });
  const content = 'Tell me at some length why trains run on rails and not on roads.';
  const { text, segments } = await router.stream({ messages: [{ role: 'user', content }] }).completion;
  expect(segments?.map(({ target }) => target)).toEqual(['gpt', 'gemini']);
  expect(text).toBe('You said: Tell me at some length why … and so on, to its end.');
});
