import type { FailureKind } from '../../core/failure.ts';
import type { VendorErrorKind } from '../emulators/dialect.ts';
import { garbageForms, type FaultSchedule } from '../emulators/faults.ts';
import { assert, assertEqual } from './assert.ts';
import { callOf, eventsIn, failing, waysOf } from './attempt.ts';
import type { Check, Scene } from './scenario.ts';

const vendorErrors: readonly VendorErrorKind[] = [
  'server-error',
  'overloaded',
  'rate-limit',
  'quota',
  'auth',
  'permission',
  'model-not-found',
  'context-length',
  'content-policy',
  'bad-request',
];

async function expectKinds({ provider, model }: Scene, kinds: readonly FailureKind[]): Promise<void> {
  for (const way of waysOf(provider)) {
    const { failure, events } = await failing(provider, way, callOf(model));
    assert(
      kinds.includes(failure.kind),
      `${way.name}: expected ${kinds.join(' or ')}, got ${failure.kind} (${failure.message})`,
    );
    assertEqual(eventsIn(events, 'tool-call'), [], `${way.name}: the tool calls of a failed attempt`);
  }
}

/** A reply that breaks off or is none: whatever it looked like, it is no answer. */
const broken: readonly FailureKind[] = ['invalid-response', 'network', 'server-error', 'overloaded'];

function brokenCheck(name: string, title: string, faults: FaultSchedule): Check {
  return { name, title, faults, run: (scene) => expectKinds(scene, broken) };
}

/** What a vendor's failures must become. */
export const failureChecks: readonly Check[] = [
  ...vendorErrors.map((kind): Check => ({
    name: kind,
    title: `calls a vendor's failure by its kind: ${kind}`,
    faults: { kind },
    run: (scene) => expectKinds(scene, [kind]),
  })),
  {
    name: 'retry-after',
    title: 'knows from the header how long a rate limit asks to wait',
    faults: { kind: 'rate-limit', afterMs: 20_000, hint: 'retry-after' },
    async run({ provider, model }) {
      for (const way of waysOf(provider)) {
        const { failure } = await failing(provider, way, callOf(model));
        assertEqual([failure.kind, failure.retryAfterMs], ['rate-limit', 20_000], way.name);
      }
    },
  },
  {
    name: 'refused',
    title: 'calls a refused connection by its code',
    faults: 'refuse',
    async run({ provider, model }) {
      for (const way of waysOf(provider)) {
        const { failure } = await failing(provider, way, callOf(model));
        assertEqual([failure.kind, failure.code], ['network', 'connection-refused'], way.name);
      }
    },
  },
  brokenCheck('reset', 'fails where the connection is reset', 'reset'),
  brokenCheck('truncated-clean', 'fails where a stream ends between two events without its last one', {
    kind: 'truncate',
    how: 'clean',
  }),
  brokenCheck('truncated-mid-event', 'fails where a stream ends inside an event', {
    kind: 'truncate',
    how: 'mid-event',
  }),
  brokenCheck('truncated-hard', 'fails where the connection breaks in the middle', {
    kind: 'truncate',
    how: 'hard',
  }),
  brokenCheck('half-json', 'fails on half of the JSON', 'half-json'),
  brokenCheck('stream-error', 'fails on an error inside a reply that had begun well', 'stream-error'),
  brokenCheck('empty', 'gives nothing that could be taken for an answer where there is none', 'empty'),
  ...garbageForms.map((what) =>
    brokenCheck(`garbage-${what}`, `fails on a status of 200 with ${what}`, { kind: 'garbage', what }),
  ),
];
