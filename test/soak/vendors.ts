import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Target } from 'failsoft';
import { anthropic } from 'failsoft/anthropic';
import { google } from 'failsoft/google';
import { ollama } from 'failsoft/ollama';
import { openai } from 'failsoft/openai';

const apiKey = 'test';

/** The four vendors' emulators in a process of their own, and targets that reach them by the real SDKs. */
export interface Vendors extends AsyncDisposable {
  readonly targets: readonly Target[];
}

export async function startVendors(seed: number): Promise<Vendors> {
  const child = fork(new URL('./emulators.ts', import.meta.url), [String(seed)], {
    execArgv: ['--conditions=failsoft-source'],
  });
  const [urls] = (await once(child, 'message')) as [string[]];
  const [gpt, claude, gemini, local] = urls as [string, string, string, string];
  const targets: Target[] = [
    { id: 'gpt', provider: openai({ apiKey, baseURL: `${gpt}/v1` }), model: 'gpt-4.1', weight: 4 },
    { id: 'claude', provider: anthropic({ apiKey, baseURL: claude }), model: 'claude-sonnet-5', weight: 3 },
    { id: 'gemini', provider: google({ apiKey, baseURL: gemini }), model: 'gemini-2.5-flash', weight: 2 },
    { id: 'local', provider: ollama({ host: local }), model: 'llama3.3', weight: 1 },
  ];
  return {
    targets,
    async [Symbol.asyncDispose]() {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}
