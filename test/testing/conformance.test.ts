import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Provider, ProviderCall, ProviderEvent } from '../../src/providers/provider.ts';
import { ollama } from '../../src/providers/ollama/index.ts';
import { conformance, ollamaEmulator, type ConformanceOptions } from '../../src/testing/index.ts';

type Spoil = (good: Provider) => Partial<Provider>;

/** The names of the checks that a provider with a defect fails. */
async function failedBy(spoil: Spoil, only: readonly string[], patienceMs?: number): Promise<string[]> {
  const tests: { name: string; run: () => Promise<void> }[] = [];
  const skip = conformance.scenarios.map(({ name }) => name).filter((name) => !only.includes(name));
  conformance.provider(
    (name, run) => tests.push({ name, run }),
    ({ url }) => {
      const good = ollama({ host: url });
      return { ...good, ...spoil(good) };
    },
    { emulator: ollamaEmulator, skip, ...(patienceMs === undefined ? {} : { patienceMs }) },
  );
  const results = await Promise.allSettled(tests.map(({ run }) => run()));
  return tests
    .filter((_, index) => results[index]?.status === 'rejected')
    .map(({ name }) => /\[(.+)\]$/.exec(name)![1]!);
}

/** A provider whose events pass through a change. */
const changing =
  (change: (event: ProviderEvent) => ProviderEvent[]): Spoil =>
  (good) => ({
    async *stream(call: ProviderCall) {
      for await (const event of good.stream!(call)) yield* change(event);
    },
  });

const idle = new AbortController().signal;

const defects: [name: string, check: string, spoil: Spoil][] = [
  ['says everything twice', 'text', changing((event) => (event.type === 'text' ? [event, event] : [event]))],
  ['ends twice', 'text', changing((event) => (event.type === 'finish' ? [event, event] : [event]))],
  ['goes on after its end', 'text', changing((event) => (event.type === 'finish' ? [event, { type: 'activity' }] : [event]))],
  ['forgets its end', 'text', changing((event) => (event.type === 'finish' ? [] : [event]))],
  ['has the same id for all calls', 'tool-calls', changing((event) => (event.type === 'tool-call' ? [{ ...event, id: 'x' }] : [event]))],
  ['hands on arguments as text', 'tool-calls', changing((event) => (event.type === 'tool-call' ? [{ ...event, arguments: '{}' }] : [event]))],
  ['shows its thoughts as text', 'reasoning', changing((event) => (event.type === 'reasoning' ? [{ type: 'text', text: event.text }] : [event]))],
  ['has no length', 'length', changing((event) => (event.type === 'finish' ? [{ ...event, finishReason: 'stop' }] : [event]))],
  ['writes into the request', 'untouched', (good) => ({ stream: (call) => { Object.assign(call.request, { stream: true }); return good.stream!(call); } })],
  ['ignores the signal', 'aborted-before', (good) => ({ stream: (call) => good.stream!({ ...call, signal: idle }) })],
  ['ends silently on an abort', 'abort-amid', (good) => ({ async *stream(call) { try { yield* good.stream!(call) } catch { /* lost */ } } })],
  ['keeps the connection', 'left', (good) => ({
    stream(call) {
      const iterator = good.stream!(call)[Symbol.asyncIterator]();
      return { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) };
    },
  })],
  ['takes a cut for an end', 'truncated-clean', (good) => ({
    async *stream(call) {
      try { yield* good.stream!(call) } catch { yield { type: 'finish', finishReason: 'stop' } }
    },
  })],
  ['knows no kinds', 'overloaded', (good) => ({
    classify: undefined,
    async complete(call) { return good.complete!(call).catch((error: Error) => { throw new Error(error.message) }) },
  })],
]; // prettier-ignore

describe('conformance of a provider', () => {
  it.each(defects)('catches one that %s, by the check "%s"', async (_, check, spoil) => {
    expect(await failedBy(() => ({}), [check])).toEqual([]);
    expect(await failedBy(spoil, [check], 300)).toEqual([check]);
  });

  it('refuses to skip what it does not know', () => {
    const options = { emulator: ollamaEmulator, skip: ['imagse'] };
    expect(() => conformance.provider(it, () => ollama(), options)).toThrow(/imagse/);
  });

  it('takes a stage of the host, by the name of the scenario', async () => {
    const staged: string[] = [];
    const tests: (() => Promise<void>)[] = [];
    const options: ConformanceOptions = {
      stage: async ({ name }) => {
        staged.push(name);
        return {
          url: 'here',
          requests: () => 0,
          received: async () => {},
          leftByClient: async () => true,
          close: async () => {},
        };
      },
      skip: conformance.scenarios.map(({ name }) => name).filter((name) => name !== 'overloaded'),
    };
    const provider: Provider = {
      name: 'own',
      complete: async () => {
        throw Object.assign(new Error('busy'), { status: 503 });
      },
    };
    conformance.provider(
      (_, run) => tests.push(run),
      () => provider,
      options,
    );
    for (const run of tests) await run();
    expect(staged).toEqual(['overloaded']);
  });

  it('runs under node:test as well', async () => {
    const file = fileURLToPath(new URL('../conformance/with-node-test.ts', import.meta.url));
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    const run = promisify(execFile)(
      process.execPath,
      ['--conditions=failsoft-source', '--test-reporter=tap', file],
      { env },
    );
    const { stdout } = await run;
    expect(stdout).toMatch(/# fail 0/);
    expect(stdout).toMatch(/# pass [1-9]/);
  });
});
