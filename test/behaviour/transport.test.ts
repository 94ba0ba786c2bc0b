import { describe, expect, it } from 'vitest';
import { arrange, brief, decisionsOf, read } from './arrange.ts';

const noStream = { kind: 'unsupported' as const, feature: 'stream' as const, message: 'no streaming here' };

describe('transport', () => {
  it('auto streams inside complete(), so that a dead provider is found by silence', async () => {
    const stage = arrange({ a: [{ text: ['Hel', 'lo.'] }] });
    const reply = await stage.ask();
    expect(reply.text).toBe('Hello.');
    expect(reply.attempts[0]).toMatchObject({ transport: 'stream', firstTokenMs: 0 });
  });

  it('auto remembers where streaming is refused, and asks there for whole replies from then on', async () => {
    const stage = arrange({
      a: ({ request: _ }, number) => (number === 1 ? [{ fail: noStream }] : 'Whole.'),
      b: 'From b.',
    });
    expect(decisionsOf(await stage.ask())).toEqual(['a next', 'b answer']);
    const second = await stage.ask();
    expect(second.attempts.map(({ target, transport }) => [target, transport])).toEqual([['a', 'unary']]);
    expect(stage.router.health().targets['a']?.refused).toEqual(['stream']);
  });

  it('auto asks the last target left at once for a whole reply when it refuses to stream', async () => {
    const stage = arrange({ a: [[{ fail: noStream }], 'Whole.'] });
    const reply = await stage.ask();
    expect(reply.attempts.map(({ transport, decision }) => [transport, decision])).toEqual([
      ['stream', 'retry'],
      ['unary', 'answer'],
    ]);
    expect(reply.latencyMs).toBe(0);
  });

  it('auto does not try to stream from a target that is known not to', async () => {
    const stage = arrange({ a: { script: 'Whole.', target: { supports: { stream: false } } } });
    expect((await stage.ask()).attempts[0]?.transport).toBe('unary');
  });

  it('auto takes each provider by the method that it has', async () => {
    const stage = arrange({ a: { script: 'Whole.', provider: { transport: 'unary' } } });
    expect((await stage.ask()).attempts[0]?.transport).toBe('unary');
    const other = arrange({ a: { script: 'Streamed.', provider: { transport: 'stream' } } });
    expect((await other.ask({}, { transport: 'unary' })).attempts[0]?.transport).toBe('stream');
  });

  it('unary gives a reader of a stream the answer all the same, in whole pieces', async () => {
    const stage = arrange({ a: { script: [{ text: ['Hel', 'lo.'] }], provider: { transport: 'unary' } } });
    const { events } = await stage.runtime.run(read(stage.stream()));
    expect(brief(events)).toEqual(['start:a', 'text:Hel', 'text:lo.', 'finish']);
  });

  it('stream is a condition: who cannot stream is not asked', async () => {
    const stage = arrange({
      a: { script: 'x', provider: { transport: 'unary' } },
      b: { script: 'x', target: { supports: { stream: false } } },
      c: 'Streamed.',
    });
    const reply = await stage.ask({}, { transport: 'stream' });
    expect(decisionsOf(reply)).toEqual(['c answer']);
    const error = await stage.fail({}, { transport: 'stream', targets: ['a', 'b'] });
    expect(error.code).toBe('no-eligible-target');
    expect(error.rejected.map(({ reason }) => reason)).toEqual([
      'cannot stream',
      'cannot stream',
      'not in targets',
    ]);
  });

  it('is the same for both: what a unary reply lacks is found too', async () => {
    const stage = arrange({ a: [{ text: 'Hel' }, { cut: true }], b: 'From b.' }, { transport: 'unary' });
    const reply = await stage.ask();
    expect(reply.attempts[0]).toMatchObject({ transport: 'unary', failure: { kind: 'invalid-response' } });
  });

  it('is set by the call, else the model, else the router', async () => {
    const stage = arrange({ a: 'Hello.' }, { transport: 'unary' });
    expect((await stage.ask()).attempts[0]?.transport).toBe('unary');
    expect((await stage.ask({}, { transport: 'auto' })).attempts[0]?.transport).toBe('stream');
  });
});
