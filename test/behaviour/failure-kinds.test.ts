import { describe, expect, it } from 'vitest';
import { failureRules, type FailureKind, type FailurePermit } from 'failsoft';
import { arrange, decisionsOf } from './arrange.ts';

/** Written out here once more, so that a change of the table is a change of a promise. */
const permits: Readonly<Record<FailureKind, FailurePermit>> = {
  'rate-limit': 'retry',
  quota: 'next',
  auth: 'next',
  permission: 'next',
  'model-not-found': 'next',
  unsupported: 'next',
  'bad-request': 'stop',
  'context-length': 'next',
  'content-policy': 'stop',
  timeout: 'retry',
  overloaded: 'retry',
  'server-error': 'retry',
  network: 'retry',
  'invalid-response': 'retry',
  aborted: 'stop',
  unknown: 'next',
};
const kinds = Object.entries(permits) as [FailureKind, FailurePermit][];
const only = (wanted: FailurePermit) => kinds.filter(([, permit]) => permit === wanted).map(([kind]) => kind);
const allKinds = kinds.map(([kind]) => kind);
const verdicts: readonly FailureKind[] = ['bad-request', 'context-length', 'content-policy'];
const codeFor = (kind: FailureKind) => (verdicts.includes(kind) ? kind : 'all-targets-failed');

describe('what each failure kind permits', () => {
  it('is a table of all sixteen kinds', () => {
    expect(
      Object.fromEntries(Object.entries(failureRules).map(([kind, rule]) => [kind, rule.permits])),
    ).toEqual(permits);
  });

  it.each([...only('retry'), ...only('next')])(
    'moves on at once after %s while another target is ready',
    async (kind) => {
      const stage = arrange({ a: [{ fail: kind }], b: 'From b.' });
      const start = stage.runtime.now();
      const reply = await stage.ask();
      expect(reply.text).toBe('From b.');
      expect(decisionsOf(reply)).toEqual(['a next', 'b answer']);
      expect(reply.attempts[0]?.failure?.kind).toBe(kind);
      expect(stage.runtime.now()).toBe(start);
    },
  );

  it.each(only('stop'))('ends the call after %s, whoever else is ready', async (kind) => {
    const stage = arrange({ a: [{ fail: kind }], b: 'From b.' });
    const error = await stage.fail();
    expect(error.code).toBe(codeFor(kind));
    expect(decisionsOf(error)).toEqual(['a stop']);
    expect(stage.providers.b.calls).toHaveLength(0);
  });

  it.each(only('retry'))('asks the last target left again after %s', async (kind) => {
    const stage = arrange({ a: [[{ fail: kind }], 'Better now.'] });
    const reply = await stage.ask();
    expect(reply.text).toBe('Better now.');
    expect(decisionsOf(reply)).toEqual(['a retry', 'a answer']);
  });

  it.each([...only('next'), ...only('stop')])(
    'does not ask the last target left again after %s',
    async (kind) => {
      const stage = arrange({ a: [[{ fail: kind }], 'Better now.'] });
      const start = stage.runtime.now();
      const error = await stage.fail();
      expect(error.code).toBe(codeFor(kind));
      expect(error.failure?.kind).toBe(kind);
      expect(decisionsOf(error)).toEqual(['a stop']);
      expect(stage.runtime.now()).toBe(start);
    },
  );
});

describe('the failures option', () => {
  it.each(allKinds)('can make %s stop the call', async (kind) => {
    const stage = arrange({ a: [{ fail: kind }], b: 'From b.' }, { failures: { [kind]: 'stop' } });
    const error = await stage.fail();
    expect(error.code).toBe(codeFor(kind));
    expect(stage.providers.b.calls).toHaveLength(0);
  });

  it.each(allKinds)('can make %s move on', async (kind) => {
    const stage = arrange({ a: [{ fail: kind }], b: 'From b.' }, { failures: { [kind]: 'next' } });
    expect((await stage.ask()).target.id).toBe('b');
  });

  it.each(allKinds)('that says next for %s permits no further try at the same target', async (kind) => {
    const stage = arrange({ a: [{ fail: kind }] }, { failures: { [kind]: 'next' } });
    await stage.fail();
    expect(stage.providers.a.calls).toHaveLength(1);
  });

  it.each(allKinds)('can make %s worth another try at the last target left', async (kind) => {
    // Long enough for what a quota and a key are held back for.
    const stage = arrange(
      { a: [[{ fail: kind }], 'Better now.'] },
      { failures: { [kind]: 'retry' }, retry: { maxDelayMs: 120_000 } },
    );
    expect((await stage.ask()).text).toBe('Better now.');
  });

  it('of a model wins over that of the router, kind by kind', async () => {
    const stage = arrange({ a: 'unused' }, { failures: { unknown: 'stop', permission: 'stop' } });
    stage.router.update({
      failures: { unknown: 'stop', permission: 'stop' },
      models: {
        chat: {
          failures: { unknown: 'next' },
          targets: [
            { id: 'a', provider: stage.providers.a, model: 'm' },
            { id: 'b', provider: stage.providers.a, model: 'n' },
          ],
        },
      },
    });
    stage.providers.a.script([[{ fail: 'unknown' }], 'From the second.']);
    expect((await stage.ask()).target.id).toBe('b');
    stage.providers.a.script([[{ fail: 'permission' }], 'From the second.']);
    expect((await stage.fail()).failure?.kind).toBe('permission');
  });
});

describe('evidence against a target', () => {
  const counting = allKinds.filter((kind) => failureRules[kind].evidence);
  const harmless = allKinds.filter((kind) => !failureRules[kind].evidence);

  it('is what a fault of the target looks like', () => {
    expect(counting).toEqual([
      'timeout',
      'overloaded',
      'server-error',
      'network',
      'invalid-response',
      'unknown',
    ]);
  });

  it.each(counting)('is given by %s: its breaker opens', async (kind) => {
    const stage = arrange({ a: [{ fail: kind }], b: 'From b.' });
    for (let call = 0; call < 20; call += 1) await stage.ask();
    expect(stage.router.health().targets['a']?.breaker).toBe('open');
    expect(stage.providers.a.calls.length).toBeLessThanOrEqual(12);
  });

  it.each(harmless)('is never given by %s', async (kind) => {
    const stage = arrange({ a: [{ fail: kind }], b: 'From b.' }, { failures: { [kind]: 'next' } });
    for (let call = 0; call < 60; call += 1) {
      await stage.ask();
      stage.router.enable('a');
    }
    expect(stage.providers.a.calls).toHaveLength(60);
    expect(stage.eventsOf('breaker')).toEqual([]);
  });
});
