import { describe, expect, it } from 'vitest';
import type { Provider, ProviderCall, ProviderEvent } from '../../src/providers/provider.ts';
import { classifyError } from '../../src/providers/failure.ts';
import { manualRuntime } from '../../src/testing/manual-runtime.ts';
import { scriptedProvider } from '../../src/testing/scripted-provider.ts';
import { type ProviderFault } from '../../src/testing/fault-plan.ts';
import { withFaults } from '../../src/testing/with-faults.ts';

const pieces = [{ text: ['a', 'b', 'c'] }];

function callOf(signal = new AbortController().signal): ProviderCall {
  return { model: 'any', request: { messages: [] }, signal, headers: {} };
}

interface Outcome {
  text: string;
  finished: boolean;
  kind?: string;
}

async function outcomeOf(provider: Provider, call = callOf()): Promise<Outcome> {
  const events: ProviderEvent[] = [];
  const told = () => ({
    text: events.map((event) => (event.type === 'text' ? event.text : '')).join(''),
    finished: events.at(-1)?.type === 'finish',
  });
  try {
    for await (const event of provider.stream!(call)) events.push(event);
  } catch (error) {
    return { ...told(), kind: classifyError(provider, error).kind };
  }
  return told();
}

describe('withFaults', () => {
  it.each<[string, ProviderFault, Outcome]>([
    ['fails at once', { kind: 'fail' }, { text: '', finished: false, kind: 'server-error' }],
    [
      'fails in a chosen way after some pieces',
      { kind: 'fail', failure: 'overloaded', after: 2 },
      { text: 'ab', finished: false, kind: 'overloaded' },
    ],
    ['cuts a stream', { kind: 'cut', after: 1 }, { text: 'a', finished: false }],
    ['cuts also what is shorter', { kind: 'cut', after: 9 }, { text: 'abc', finished: false }],
  ])('%s', async (_name, fault, outcome) => {
    expect(await outcomeOf(withFaults(scriptedProvider(pieces), { faults: [fault] }))).toEqual(outcome);
  });

  it.each<[object, string]>([
    [{ rates: 0.01 }, "rates: is not known; did you mean 'rate'?"],
    [{ rate: 0.01, onyl: () => false }, "onyl: is not known; did you mean 'only'?"],
    [{ rate: '1%' }, 'rate: expected a share from 0 to 1, got "1%"'],
    [{ faults: [{ kind: 'stal' }] }, "faults[0].kind: expected one of 'fail', 'stall', 'cut', 'slow'"],
    [{ faults: [{ kind: 'cut', afterr: 5 }] }, "faults[0].afterr: is not known; did you mean 'after'?"],
    [{ faults: [{ kind: 'fail', failure: 'overlaoded' }] }, "did you mean 'overloaded'?"],
    [{ schedule: [null, { kind: 'slow', fristMs: 5 }] }, 'schedule[1].fristMs: is not known'],
    [{ forMs: '10m' }, 'forMs: expected a number'],
  ])('says what is wrong with %j, at first and later', (plan, message) => {
    const inner = scriptedProvider(pieces);
    expect(() => withFaults(inner, plan)).toThrow(message);
    const provider = withFaults(inner, { rate: 0 });
    expect(() => provider.fault(plan)).toThrow(message);
  });

  it('stalls until the call is aborted', async () => {
    const runtime = manualRuntime();
    const controller = new AbortController();
    const inner = scriptedProvider(pieces);
    const provider = withFaults(inner, { faults: [{ kind: 'stall', after: 2 }], runtime });
    const outcome = outcomeOf(provider, callOf(controller.signal));
    await runtime.advance(1_000_000);
    controller.abort();
    expect(await outcome).toMatchObject({ text: 'ab', finished: false });
    expect(inner.calls[0]?.outcome).toBe('aborted');
  });

  it('slows the first and each piece down on the Runtime', async () => {
    const runtime = manualRuntime();
    const faults: ProviderFault[] = [{ kind: 'slow', firstMs: 1_000, eachMs: 10 }];
    const provider = withFaults(scriptedProvider(pieces), { faults, runtime });
    expect(await runtime.run(outcomeOf(provider))).toEqual({ text: 'abc', finished: true });
    expect(runtime.now()).toBe(1_030);
  });

  it('makes the asked share of calls fail, the same ones for the same seed', async () => {
    const trace = async () => {
      const runtime = manualRuntime({ seed: 3 });
      const provider = withFaults(scriptedProvider('x'), { rate: 0.3, runtime });
      const finished: boolean[] = [];
      for (let call = 0; call < 500; call += 1) finished.push((await outcomeOf(provider)).finished);
      return finished;
    };
    const first = await trace();
    const failed = first.filter((finished) => !finished).length;
    expect(failed).toBeGreaterThan(120);
    expect(failed).toBeLessThan(180);
    expect(await trace()).toEqual(first);
  });

  it('follows a schedule', async () => {
    const provider = withFaults(scriptedProvider('x'), {
      schedule: [{ kind: 'fail', failure: 'network' }, null, { kind: 'cut', after: 1 }],
    });
    const outcomes = [];
    for (let call = 0; call < 4; call += 1) outcomes.push(await outcomeOf(provider));
    expect(outcomes.map(({ finished }) => finished)).toEqual([false, true, false, true]);
    const odd = withFaults(scriptedProvider('x'), {
      schedule: (number) => (number % 2 === 1 ? { kind: 'fail' } : undefined),
    });
    expect((await outcomeOf(odd)).finished).toBe(false);
    expect((await outcomeOf(odd)).finished).toBe(true);
  });

  it('does not ask the provider where nothing of its answer is wanted', async () => {
    const inner = scriptedProvider('x');
    await outcomeOf(withFaults(inner));
    expect(inner.calls).toHaveLength(0);
  });

  it('hands out what the provider itself hands out, where a call is spared', async () => {
    const stream = scriptedProvider('x').stream!(callOf());
    const provider: Provider = { name: 'any', stream: () => stream };
    expect(withFaults(provider, { rate: 0 }).stream?.(callOf())).toBe(stream);
  });

  it('wraps a provider that only completes', async () => {
    const inner = scriptedProvider(pieces, { transport: 'unary' });
    const provider = withFaults(inner, { faults: [{ kind: 'cut', after: 1 }] });
    expect(provider.stream).toBeUndefined();
    expect(await provider.complete!(callOf())).toEqual([{ type: 'text', text: 'a' }]);
  });

  it('leaves everything else to the provider, also a frozen one or one that is a class', async () => {
    class Host implements Provider {
      readonly name = 'host';
      #known = 'secret';
      async complete(): Promise<readonly ProviderEvent[]> {
        return [{ type: 'text', text: this.#known }];
      }
      secrets(): readonly string[] {
        return [this.#known];
      }
      classify() {
        return { kind: 'quota' as const, message: this.#known };
      }
    }
    const provider = withFaults(Object.freeze(new Host()), { rate: 0 });
    expect(provider.name).toBe('host');
    expect(provider.secrets()).toEqual(['secret']);
    expect(provider.classify()).toEqual({ kind: 'quota', message: 'secret' });
    expect(await (provider as Provider).complete!(callOf())).toEqual([{ type: 'text', text: 'secret' }]);
  });
});
