import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/core/request.ts';
import { isLikeOthers } from '../../src/execution/alike.ts';
import type { ExecutionTarget, ReadRequest } from '../../src/execution/call.ts';
import type { ProviderRequest } from '../../src/providers/provider.ts';

const user = (content: unknown) => ({ role: 'user', content }) as Message;
const characters = (count: number) => 'x'.repeat(count);

function isAlike(
  messages: readonly Message[],
  { system, slowStart, ...request }: { system?: string; slowStart?: boolean } & Partial<ProviderRequest> = {},
) {
  const target = { provider: { name: 'acme', ...(slowStart !== undefined && { slowStart }) } };
  return isLikeOthers(target as unknown as ExecutionTarget, { messages, ...request }, {
    messages,
    system,
  } as ReadRequest);
}

describe('an attempt is like others at its target', () => {
  it('unless the target may have to load a model, or the request thinks', () => {
    const messages = [user('Hi')];
    expect(isAlike(messages)).toBe(true);
    expect(isAlike(messages, { slowStart: false })).toBe(true);
    expect(isAlike(messages, { slowStart: true })).toBe(false);
    expect(isAlike(messages, { reasoning: { effort: 'none' } })).toBe(true);
    expect(isAlike(messages, { reasoning: { effort: 'low' } })).toBe(false);
  });

  it('as long as its prompt has no more than 64,000 characters, wherever they stand', () => {
    expect(isAlike([user(characters(64_000))])).toBe(true);
    expect(isAlike([user(characters(64_001))])).toBe(false);
    expect(isAlike([user(characters(32_000))], { system: characters(32_000) })).toBe(true);
    expect(isAlike([user(characters(32_000))], { system: characters(32_001) })).toBe(false);
    expect(isAlike([], { system: characters(64_000) })).toBe(true);
    expect(isAlike([], { system: characters(64_001) })).toBe(false);
    expect(isAlike([user(characters(64_001)), user('')])).toBe(false);
    const halves = [32_000, 32_001].map((count) => ({ type: 'text', text: characters(count) }));
    expect(isAlike([user(halves)])).toBe(false);
    expect(isAlike([user(halves.slice(0, 1)), user(halves.slice(0, 1))])).toBe(true);
  });

  it('whatever its images and tool calls hold, but not what its tools returned', () => {
    const image = { type: 'image', data: characters(99_000), mediaType: 'image/png' };
    const call = { type: 'tool-call', id: '1', name: 'look', arguments: characters(99_000) };
    expect(isAlike([user([image, call])])).toBe(true);
    const result = (content: unknown) => user([{ type: 'tool-result', toolCallId: '1', content }]);
    expect(isAlike([result(characters(64_000))])).toBe(true);
    expect(isAlike([result(characters(64_001))])).toBe(false);
    expect(isAlike([result([{ type: 'text', text: characters(64_001) }])])).toBe(false);
  });

  it('unless there is a file to read', () => {
    const file = { type: 'file', data: 'aGk=', mediaType: 'application/pdf' };
    expect(isAlike([user([file])])).toBe(false);
  });
});
