import { describe, expect, it } from 'vitest';
import type { Provider, ProviderCall } from 'failsoft';
import { withFaults, type FaultPlan, type FaultSwitch } from 'failsoft/testing';
import { arrange, decisionsOf, read, settleNow, type Part } from './arrange.ts';

const answer = [{ text: ['One', ' two', ' three'] }];

/** Target `a` can be faulted while calls come; `b` is as it is. */
function faultable() {
  let faulted!: FaultSwitch;
  const wrap: Part['wrap'] = (provider, runtime) => {
    const wrapped = withFaults(provider, { rate: 0, runtime });
    faulted = wrapped;
    return wrapped;
  };
  const stage = arrange({ a: { script: answer, wrap }, b: 'Spare.' });
  return { ...stage, fault: (plan: FaultPlan | null) => faulted.fault(plan) };
}

describe('faults of a running router', () => {
  it('begin and end while calls come', async () => {
    const stage = faultable();
    expect((await stage.ask()).target.id).toBe('a');
    stage.fault({ faults: [{ kind: 'fail', failure: 'overloaded' }] });
    expect(decisionsOf(await stage.ask())).toEqual(['a next', 'b answer']);
    stage.fault(null);
    expect((await stage.ask()).target.id).toBe('a');
  });

  it('strike a provider whose stream() is an async function, too', async () => {
    const stage = arrange({
      a: {
        script: answer,
        wrap: (provider, runtime) =>
          withFaults(
            // A host's own, untyped.
            {
              name: 'a',
              stream: async (call: ProviderCall) => provider.stream!(call),
            } as unknown as Provider,
            {
              runtime,
              schedule: [
                { kind: 'slow', firstMs: 300 },
                { kind: 'cut', after: 1 },
              ],
            },
          ),
      },
      b: 'Spare.',
    });
    expect(await stage.ask()).toMatchObject({ text: 'One two three', latencyMs: 300 });
    expect(decisionsOf(await stage.ask())).toEqual(['a next', 'b answer']);
  });

  it('end by themselves after their time', async () => {
    const stage = faultable();
    stage.fault({ faults: [{ kind: 'fail' }], forMs: 60_000 });
    await stage.runtime.advance(59_999);
    expect((await stage.ask()).target.id).toBe('b');
    await stage.runtime.advance(1);
    expect((await stage.ask()).target.id).toBe('a');
  });

  it.each([
    ['scope', { scope: 'staff' }],
    ['metadata', { metadata: { drill: true } }],
  ])('meet only the calls that are chosen by their %s', async (_name, mark) => {
    const stage = faultable();
    stage.fault({ only: ({ scope, metadata }) => scope === 'staff' || metadata?.['drill'] === true });
    expect((await stage.ask()).target.id).toBe('a');
    expect((await stage.ask(mark)).target.id).toBe('b');
  });

  it('are told with the call that they strike, and whoever is told cannot break it', async () => {
    const told: unknown[] = [];
    const stage = faultable();
    stage.fault({
      schedule: [null, { kind: 'cut', after: 1 }],
      onFault(fault, { callId, target }) {
        told.push({ fault, callId, target });
        throw new Error('a broken log');
      },
    });
    await stage.ask();
    const { id, text } = await stage.ask();
    expect(text).toBe('Spare.');
    expect(told).toEqual([{ fault: { kind: 'cut', after: 1 }, callId: id, target: 'a' }]);
  });

  it.each([
    ['before its first word', { kind: 'stall' }],
    ['in its middle', { kind: 'stall', after: 2 }],
  ] as const)('let a call that stalls %s go on as soon as they are taken back', async (_when, fault) => {
    const stage = faultable();
    stage.fault({ faults: [fault] });
    const reading = read(stage.stream());
    await stage.runtime.advance(4_000);
    stage.fault(null);
    await settleNow(stage); // no time passes from here
    const { events } = await reading;
    const last = events.at(-1);
    expect(last?.type === 'finish' && last.completion).toMatchObject({
      text: 'One two three',
      attempts: [{ target: 'a' }],
    });
  });

  it('let a call that they slow go on at full speed as soon as they change', async () => {
    const stage = faultable();
    stage.fault({ faults: [{ kind: 'slow', eachMs: 3_000 }] });
    const reading = read(stage.stream());
    await stage.runtime.advance(4_000);
    stage.fault({ rate: 0 });
    await settleNow(stage);
    expect((await reading).error).toBeUndefined();
  });

  it('do not hold a call that its caller leaves', async () => {
    const stage = faultable();
    stage.fault({ faults: [{ kind: 'stall' }] });
    const stream = stage.stream();
    const reading = read(stream);
    await stage.runtime.advance(1_000);
    stream.abort();
    expect((await reading).error?.code).toBe('aborted');
  });

  it.each([5, -0.1, Number.NaN])('refuse %d as a share, and stay as they were', async (rate) => {
    const stage = faultable();
    stage.fault({ faults: [{ kind: 'fail' }] });
    expect(() => stage.fault({ rate })).toThrow(`rate: expected a share from 0 to 1, got ${rate}`);
    expect((await stage.ask()).target.id).toBe('b');
  });
});
