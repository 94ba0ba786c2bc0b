import { describe, expect, it } from 'vitest';
import type { ProviderEvent } from '../../src/providers/provider.ts';
import { checkEvent, listOfEvents } from '../../src/execution/check-event.ts';
import { failureOf } from './failure-of.ts';

const check = (event: object) => () => checkEvent(event as ProviderEvent);
const call = { type: 'tool-call', id: '1', name: 'look', arguments: {} };
const delta = { type: 'tool-call-delta', id: '1', name: 'look', delta: '{' };

describe('an event of a provider', () => {
  it.each([
    { type: 'text', text: '' },
    { type: 'reasoning', text: 'Well' },
    delta,
    { ...delta, id: '', name: '', delta: '' },
    call,
    { ...call, arguments: { city: 'Bern' } },
    { type: 'activity' },
    { type: 'finish', finishReason: 'stop' },
  ])('is taken where it is whole (%j)', (event) => {
    expect(check(event)).not.toThrow();
  });

  it.each([
    { type: 'text' },
    { type: 'text', text: 7 },
    { type: 'reasoning', text: null },
    { ...delta, delta: undefined },
    { ...delta, id: 7 },
    { ...delta, name: null },
  ])('is refused where its text is none (%j)', (event) => {
    expect(failureOf(check(event))).toMatchObject({
      kind: 'invalid-response',
      message: `the provider yielded a '${event.type}' event without what belongs into it`,
    });
  });

  it.each([
    { ...call, id: '' },
    { ...call, name: '' },
    { ...call, id: 7 },
    { ...call, name: undefined },
  ])('is refused where a tool call is not named (%j)', (event) => {
    expect(failureOf(check(event))).toMatchObject({
      kind: 'invalid-response',
      code: 'malformed-tool-call',
      message: 'a tool call without its name or id',
    });
  });

  it.each([
    ['a text', '{"city":"Bern"}'],
    ['a list', ['Bern']],
    ['nothing', undefined],
    ['null', null],
    ['a function', () => '{'],
    ['what writes itself as a text', { toJSON: () => 'Bern' }],
    ['what writes itself as nothing', { toJSON: () => undefined }],
    ['what cannot be written', { big: 1n }],
  ])('is refused where the arguments of a tool call are %s', (_, input) => {
    expect(failureOf(check({ ...call, arguments: input }))).toMatchObject({
      kind: 'invalid-response',
      code: 'malformed-tool-call',
      message: "the arguments of the call for 'look' are no object",
    });
  });
});

describe('what complete() resolves to', () => {
  it('is a list of events', () => {
    const events = [{ type: 'finish', finishReason: 'stop' }];
    expect(listOfEvents(events)).toBe(events);
  });

  it.each([
    [null, 'null'],
    [undefined, 'a value of type undefined'],
    ['stop', 'a value of type string'],
    [{}, 'a value of type object'],
  ])('is refused where it is %j', (resolved, what) => {
    expect(failureOf(() => listOfEvents(resolved))).toMatchObject({
      kind: 'invalid-response',
      code: 'no-events',
      message: expect.stringMatching(`not to ${what}$`) as string,
    });
  });
});
