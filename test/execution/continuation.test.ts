import { describe, expect, it } from 'vitest';
import type { AssistantPart } from '../../src/core/request.ts';
import type { AttemptEnd } from '../../src/execution/attempt.ts';
import type { Call, ExecutionTarget } from '../../src/execution/call.ts';
import {
  askToGoOn,
  continuationAfter,
  createJoin,
  joinParts,
  joinSegments,
  type Continuation,
} from '../../src/execution/continuation.ts';
import type { ProviderEvent } from '../../src/providers/provider.ts';

const told = 'The quick brown fox jumps over the lazy dog and ';

interface Broken {
  readonly text?: string;
  readonly reasoning?: string;
  readonly toolBegun?: boolean;
  readonly parts?: readonly AssistantPart[];
  readonly continued?: Continuation;
  readonly schema?: object;
  readonly canTakeBack?: boolean;
}

function after({ text = told, reasoning = '', toolBegun = false, parts = [], ...more }: Broken = {}) {
  const show = more.canTakeBack === undefined ? undefined : { canTakeBack: more.canTakeBack };
  return continuationAfter(
    { read: { schema: more.schema }, show } as unknown as Call,
    {
      collected: { text, reasoning, toolBegun, parts },
      target: { id: 'a' },
      continued: more.continued,
    } as unknown as AttemptEnd,
  );
}

const earlier: Continuation = {
  before: 'Once. ',
  reasoning: 'Hm. ',
  segments: [{ target: 'z', text: 'Once. ' }],
  inputTokens: 150,
};

describe('what an attempt left to be taken up', () => {
  it('is what the reader has of it, and who wrote it', () => {
    expect(after()).toMatchObject({ before: told, reasoning: '', segments: [{ target: 'a', text: told }] });
    expect(after({ reasoning: 'Well.', continued: earlier })).toMatchObject({
      before: `Once. ${told}`,
      reasoning: 'Hm. Well.',
      segments: [...earlier.segments, { target: 'a', text: told }],
    });
  });

  it('is nothing where an object is asked for, a tool call has begun, or only its maker can vouch for a part', () => {
    expect(after({ schema: {} })).toBeUndefined();
    expect(after({ toolBegun: true })).toBeUndefined();
    const plain = { type: 'text', text: told } as const;
    const signed = { ...plain, providerState: { provider: 'acme', state: 1 } };
    expect(after({ parts: [plain] })).toBeDefined();
    expect(after({ parts: [plain, signed] })).toBeUndefined();
  });

  it('is nothing where nothing was told, and very little only where the reader cannot be told that it is void', () => {
    expect(after({ text: ' \n' })).toBeUndefined();
    expect(after({ text: ' \n', canTakeBack: false })).toBeUndefined();
    expect(after({ text: 'Elevenchars' })).toBeDefined();
    expect(after({ text: 'Elevenchars', canTakeBack: false })).toBeDefined();
    expect(after({ text: 'Elevenchars', canTakeBack: true })).toBeUndefined();
    expect(after({ text: ' Elevenchars ', canTakeBack: true })).toBeUndefined();
    expect(after({ text: 'Twelve chars', canTakeBack: true })).toBeDefined();
  });
});

describe('the segments of an answer', () => {
  const one = { target: 'a', text: 'One, ' };
  const segments = [{ target: 'z', text: 'Zero, ' }, one];
  const continued = { before: 'One, ', reasoning: '', segments, inputTokens: 150 };

  it('are one for each that wrote in a row', () => {
    expect(joinSegments(undefined, one)).toEqual([one]);
    expect(joinSegments(continued, { target: 'b', text: 'two.' })).toEqual([
      { target: 'z', text: 'Zero, ' },
      one,
      { target: 'b', text: 'two.' },
    ]);
    expect(joinSegments(continued, { target: 'a', text: 'two.' })).toEqual([
      { target: 'z', text: 'Zero, ' },
      { target: 'a', text: 'One, two.' },
    ]);
  });

  it('do not name whoever wrote nothing, unless nobody wrote anything', () => {
    expect(joinSegments(continued, { target: 'b', text: '' })).toEqual(continued.segments);
    expect(joinSegments(undefined, { target: 'b', text: '' })).toEqual([{ target: 'b', text: '' }]);
  });
});

describe('the parts of an answer that was taken up', () => {
  const call = { type: 'tool-call', id: '1', name: 'look', arguments: {} } as const;

  it('begin with what was written before, in the first text', () => {
    expect(joinParts(earlier, [{ type: 'text', text: 'Upon a time.' }, call])).toEqual([
      { type: 'text', text: 'Once. Upon a time.' },
      call,
    ]);
    expect(joinParts(earlier, [call])).toEqual([{ type: 'text', text: 'Once. ' }, call]);
    expect(joinParts(earlier, [])).toEqual([{ type: 'text', text: 'Once. ' }]);
  });
});

const continuation: Continuation = { before: told, reasoning: '', segments: [], inputTokens: 150 };
const target = (more: object = {}, supports: object = {}) =>
  ({ provider: { name: 'acme', ...more }, supports }) as unknown as ExecutionTarget;
const byPrefill = target({}, { prefill: true });
const own = target({ continuation: () => [{ role: 'user', content: 'Weiter' }] }, { prefill: true });

describe('what is asked of the target that goes on', () => {
  it('is its provider’s own way, else prefill without white space at its end, else an instruction', () => {
    expect(askToGoOn(continuation, own)).toEqual([{ role: 'user', content: 'Weiter' }]);
    const indented = { ...continuation, before: `  ${told}` };
    expect(askToGoOn(indented, byPrefill)).toEqual([{ role: 'assistant', content: `  ${told.trimEnd()}` }]);
    const [said, instruction] = askToGoOn(continuation, target());
    expect(said).toEqual({ role: 'assistant', content: told });
    expect(instruction?.role).toBe('user');
  });
});

const text = (value: string): ProviderEvent => ({ type: 'text', text: value });
const finish: ProviderEvent = { type: 'finish', finishReason: 'stop' };
const beside: ProviderEvent[] = [
  { type: 'meta', requestId: 'r1' },
  { type: 'activity' },
  { type: 'reasoning', text: 'Hm' },
];

function join(events: readonly ProviderEvent[], at = target(), before = told) {
  let anew = 0;
  const made = createJoin({ ...continuation, before }, at, () => void (anew += 1));
  const passed = events.map((event) => made.pass(event));
  const written = passed.flat().map((event) => (event.type === 'text' ? event.text : ''));
  return { passed, text: written.join(''), anew, continued: made.continued };
}

describe('the text of a target that was asked to repeat the last words', () => {
  it('is joined to what was there, and everything beside it passes at once', () => {
    const {
      passed,
      text: joined,
      anew,
      continued,
    } = join([...beside, text('jumps over the lazy dog '), ...beside, text('and runs away.'), finish]);
    expect(joined).toBe('runs away.');
    expect(passed.slice(0, 3)).toEqual(beside.map((event) => [event]));
    expect(passed.slice(4, 7)).toEqual(beside.map((event) => [event]));
    expect(passed.at(-1)?.at(-1)).toEqual(finish);
    expect({ anew, continued: continued?.before }).toEqual({ anew: 0, continued: told });
  });

  it('shows before a tool call what was held back until then', () => {
    const call: ProviderEvent = { type: 'tool-call', id: '1', name: 'look', arguments: {} };
    const { passed } = join([text('runs'), call, finish]);
    expect(passed.slice(0, 2).flat()).toEqual([text('runs'), call]);
    expect(passed[2]).toEqual([finish]);
  });

  it('is an answer of its own where it begins anew, which is told once and before it is shown', () => {
    const anewText = 'The quick brown fox jumps over the lazy cat instead, and then it sleeps all day long.';
    const { text: joined, anew, continued } = join([text(anewText), finish]);
    expect({ joined, anew, continued }).toEqual({ joined: anewText, anew: 1, continued: undefined });
  });

  it('says nothing where it only repeats', () => {
    const { passed } = join([text('jumps over the lazy dog and '), finish]);
    expect(passed.flat()).toEqual([finish]);
  });
});

describe('the text of a target that was given the beginning of its own message', () => {
  it('goes on exactly there, but for white space that the reader has', () => {
    expect(join([text(' \n'), text(' runs '), text(' away.'), finish], byPrefill).passed).toEqual([
      [],
      [text('runs ')],
      [text(' away.')],
      [finish],
    ]);
    expect(join([text(' runs')], byPrefill, 'a b').text).toBe(' runs');
    expect(join([text('The quick')], byPrefill, told.trimEnd()).text).toBe('The quick');
  });

  it('passes what is no text, also before the first', () => {
    expect(join([...beside, text(' runs')], byPrefill).passed).toEqual([
      ...beside.map((event) => [event]),
      [text('runs')],
    ]);
  });

  it('is recognised by its words where the provider has a way of its own', () => {
    expect(join([text('jumps over the lazy dog and runs'), finish], own).text).toBe('runs');
  });
});
