import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openaiEmulator } from 'failsoft/testing';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Each is a process of its own that starts Node and loads SDKs: a second or two, but not on a busy machine. */
const timeoutMs = 60_000;

/** Each example's point, as one line of what it prints. */
const points: Readonly<Record<string, RegExp>> = {
  '01-first-call': /^answered by claude \(claude-sonnet-5\)/m,
  '02-streaming': /^stop by gemini; before it gpt: no first content within 500 ms$/m,
  '03-streaming-to-a-browser': /^data: {"type":"text","text":"toast\."}$/m,
  '04-tools-across-providers': /^claude answers: In Oslo it snows/m,
  '05-structured-output': /^Nordlys AS: 1299\.00 NOK$/m,
  '06-images': /reason: 'takes no images'/,
  '07-clients-you-have': /^requests that OpenAI saw: 1$/m,
  '08-openrouter-and-azure': /^openrouter: Bonjour !$/m,
  '09-custom-provider': /^- retry: the queue is full$/m,
  '10-health-and-manual-override':
    /^disabled: chat is degraded \(gpt disabled: invoice in dispute, claude closed\)$/m,
  '11-errors-and-logs': /^RouterError \[all-targets-failed\]: .*; try again in \d+ ms; not asked again: /m,
  '12-streams-that-survive':
    /^ {2}taken back: The lamp had burned for \n {2}in the end: Once there was .*\n[^]*^ {2}in the end: The lamp had burned for a hundred years, .*$/m,
  '13-game-day':
    /^cut in mid-answer: [1-9]\d? of 100 calls struck, [1-9]\d? failovers, 0 callers hurt; breaker \w+, share [01]\.\d\d$/m,
};

const names = readdirSync(`${root}/examples`)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3));

describe('an example', () => {
  it.concurrent.each(names)(
    '%s ends by itself and shows its point',
    async (name) => expect(await run(`${name}.ts`)).toMatch(points[name] ?? /nothing is known of its point/),
    timeoutMs,
  );

  it('stands in the list of examples', () => {
    const list = readFileSync(`${root}/examples/README.md`, 'utf8');
    expect(names.filter((name) => !list.includes(`(${name}.ts)`))).toEqual([]);
  });

  it('reads no key from the environment or from a file', () => {
    const sources = names.map((name) => readFileSync(`${root}/examples/${name}.ts`, 'utf8'));
    expect(sources.filter((source) => /process\.env|node:fs|dotenv/.test(source))).toEqual([]);
  });
});

describe('the demo', () => {
  it(
    'shows a stream that survives its provider, once anew and once as one text',
    async () => {
      const shown = await run('demo/main.ts', ['--streams']);
      expect(shown).toMatch(/^ {2}\[restart\] what was read is void\n {2}\[claude\] There was once/m);
      expect(shown).toMatch(
        /nobody on the island could\n {2}\[cut\] gpt: network.*\n {2}\[claude\] say who lit it/m,
      );
    },
    timeoutMs,
  );
});

describe('the demo with real keys', () => {
  it(
    'calls, streams, and does without whoever has no key',
    async () => {
      await using emulator = await openaiEmulator({ keys: ['key-of-openai'] });
      const command = 'test {vendor} = openai && echo key-of-{vendor}';
      const flags = ['--live', '--key-command', command, '--openai-url', `${emulator.url}/v1`];
      const shown = await run('demo/main.ts', flags);
      expect(shown).toContain('You said: In two sentences: why do trains run on rails?');
      expect(emulator.counters).toMatchObject({ requests: 2, answered: 2 });
    },
    timeoutMs,
  );

  it(
    'asks for keys on a terminal only',
    async () => expect(await run('demo/main.ts', ['--live']).catch(String)).toContain('this is none'),
    timeoutMs,
  );
});

async function run(file: string, flags: readonly string[] = []): Promise<string> {
  const args = ['--conditions=failsoft-source', `examples/${file}`, ...flags];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: root,
    env: {},
    timeout: timeoutMs,
  });
  return stdout;
}
