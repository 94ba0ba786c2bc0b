import { describe, expect, it } from 'vitest';
import type { CompletionRequest } from '../../src/core/request.ts';
import { demandOf, type DemandOptions } from '../../src/routing/demand.ts';
import { grouped, rejectionOf } from '../../src/routing/eligibility.ts';
import { makeCandidate } from './make-candidate.ts';

const now = 1_000_000;
const demand = (request: Partial<CompletionRequest> = {}, options?: DemandOptions) =>
  demandOf({ messages: [{ role: 'user', content: 'Hello' }], ...request }, options);
const rejection = (
  given: Parameters<typeof makeCandidate>[1],
  request: Partial<CompletionRequest> = {},
  options?: DemandOptions,
) => rejectionOf(makeCandidate('a', given), demand(request, options), now);

const tools = [{ name: 'look', parameters: { type: 'object' } }];
const image: CompletionRequest['messages'] = [
  { role: 'user', content: [{ type: 'image', url: 'https://x/y' }] },
];
const file: CompletionRequest['messages'] = [
  { role: 'user', content: [{ type: 'file', url: 'https://x/y' }] },
];

describe('a target that states nothing', () => {
  it('is taken to be able to do everything', () => {
    expect(
      rejection(
        {},
        {
          messages: image,
          tools,
          toolChoice: 'required',
          schema: {},
          stop: 'x',
          reasoning: { effort: 'high' },
        },
      ),
    ).toBeUndefined();
  });
});

describe('conditions', () => {
  it.each([
    ['takes no tools', { tools: false }, { tools }],
    ['takes no images', { images: false }, { messages: image }],
    ['takes no files', { files: false }, { messages: file }],
    ['takes no image by URL', { imageUrls: false }, { messages: image }],
    ['takes no file by URL', { fileUrls: false }, { messages: file }],
    ['takes no schema', { schema: false }, { schema: {} }],
    ['cannot reason', { reasoning: false }, { reasoning: { effort: 'low' } }],
    ['takes no stop sequences', { stop: false }, { stop: 'x' }],
    ['cannot be given the tool choice required', { toolChoice: false }, { tools, toolChoice: 'required' }],
    [
      'cannot be given the tool choice named',
      { toolChoice: ['none', 'required'] },
      { tools, toolChoice: { name: 'look' } },
    ],
  ] as const)('reject a target that %s', (reason, supports, request) => {
    expect(rejection({ supports }, request)).toBe(reason);
    expect(rejection({ supports })).toBeUndefined();
  });

  it('reject one that cannot stream only where the call insists', () => {
    expect(rejection({ supports: { stream: false } })).toBeUndefined();
    expect(rejection({ supports: { stream: false } }, {}, { transport: 'stream' })).toBe('cannot stream');
  });

  it('reject one that has refused the feature lately', () => {
    expect(rejection({ health: { refused: new Set(['tools']) } }, { tools })).toBe('learnt: refuses tools');
    expect(
      rejection({ health: { refused: new Set(['tools', 'temperature']) } }, { temperature: 1 }),
    ).toBeUndefined();
    expect(rejection({ health: { refused: new Set(['tools']) } }, { schema: {} })).toBeUndefined();
  });

  it('do not hold for what the target itself overrides', () => {
    const supports = { reasoning: false, stop: false };
    const overrides = { reasoning: { effort: 'none' }, stop: [] } as const;
    const request = { reasoning: { effort: 'high' }, stop: 'x' } as const;
    expect(rejection({ supports, overrides }, request)).toBeUndefined();
    expect(rejection({ supports, overrides: { temperature: 1 } }, request)).toBe('cannot reason');
    expect(rejection({ supports, overrides: { reasoning: { effort: 'none' } } }, request)).toBe(
      'takes no stop sequences',
    );
    expect(rejection({ supports: { tools: false }, overrides }, { tools })).toBe('takes no tools');
  });

  it('are given by the provider as well', () => {
    expect(rejection({ refusal: 'no prefill' })).toBe('no prefill');
  });
});

describe('wishes', () => {
  it('never make a target ineligible', () => {
    const supports = { temperature: false, topP: false, topK: false, seed: false, presencePenalty: false };
    expect(
      rejection({ supports }, { temperature: 1, topP: 1, topK: 1, seed: 1, presencePenalty: 1 }),
    ).toBeUndefined();
  });
});

describe('requirements', () => {
  it('want one region of those named, and a target that states none does not match', () => {
    expect(rejection({ region: 'eu' }, { require: { region: 'eu' } })).toBeUndefined();
    expect(rejection({ region: 'eu' }, { require: { region: ['ch', 'eu'] } })).toBeUndefined();
    expect(rejection({ region: 'us' }, { require: { region: 'eu' } })).toBe('region us does not match eu');
    expect(rejection({ region: 'us' }, { require: { region: ['ch', 'eu'] } })).toBe(
      'region us does not match ch or eu',
    );
    expect(rejection({}, { require: { region: 'eu' } })).toBe('states no region');
    expect(rejection({ region: 'eu' }, { require: { region: [] } })).toBe('region eu does not match any');
  });

  it('want all tags', () => {
    expect(rejection({ tags: ['zdr', 'soc2'] }, { require: { tags: ['soc2', 'zdr'] } })).toBeUndefined();
    expect(rejection({ tags: ['zdr'] }, { require: { tags: ['soc2', 'zdr', 'iso'] } })).toBe(
      'lacks the tag soc2, iso',
    );
    expect(rejection({}, { require: { tags: ['zdr'] } })).toBe('lacks the tag zdr');
    expect(rejection({}, { require: {} })).toBeUndefined();
  });

  it('include the allow-list of the call', () => {
    expect(rejection({}, {}, { targets: ['a'] })).toBeUndefined();
    expect(rejection({}, {}, { targets: ['b'] })).toBe('not in targets');
    expect(rejection({}, {}, { targets: [] })).toBe('not in targets');
  });
});

describe('windows', () => {
  const long = [{ role: 'user', content: 'x'.repeat(4 * 12_400) }] as const;

  it('reject only where even half as many characters again to a token would not fit', () => {
    expect(rejection({ contextWindow: 8192 }, { messages: long })).toBe(
      'context window 8,192 is smaller than the estimated 12,400 tokens',
    );
    expect(rejection({ contextWindow: 8300 }, { messages: long })).toBeUndefined();
    expect(rejection({}, { messages: long })).toBeUndefined();
  });

  it('take what just fits by that measure', () => {
    const messages = [{ role: 'user', content: 'x'.repeat(4 * 12_000) }] as const;
    expect(rejection({ contextWindow: 8000 }, { messages })).toBeUndefined();
    expect(rejection({ contextWindow: 7999 }, { messages })).toBe(
      'context window 7,999 is smaller than the estimated 12,000 tokens',
    );
  });

  it('reject where more output is wanted than the target can give, unless it overrides that', () => {
    expect(rejection({ maxOutputTokens: 4096 }, { maxTokens: 4097 })).toBe(
      'output limit 4,096 is smaller than maxTokens 4,097',
    );
    expect(rejection({ maxOutputTokens: 4096 }, { maxTokens: 4096 })).toBeUndefined();
    expect(
      rejection({ maxOutputTokens: 4096, overrides: { maxTokens: 1000 } }, { maxTokens: 9000 }),
    ).toBeUndefined();
  });
});

describe('amounts', () => {
  it('are grouped by thousands, however large they are', () => {
    expect([7, 999, 1_000, 32_768, 1_048_576].map(grouped)).toEqual([
      '7',
      '999',
      '1,000',
      '32,768',
      '1,048,576',
    ]);
  });
});

describe('health', () => {
  it('keeps nobody out whom nothing blocks, whatever instant it names', () => {
    expect(rejection({ health: { availableAt: now + 5 } })).toBeUndefined();
  });

  it('says how much longer', () => {
    expect(rejection({ health: { blockedReason: 'circuit open', availableAt: now + 3199.2 } })).toBe(
      'circuit open for another 3200 ms',
    );
    expect(rejection({ health: { blockedReason: 'disabled: broken' } })).toBe('disabled: broken');
  });

  it('names no time where it is a guess', () => {
    const health = {
      blockedReason: 'own limit of 5 attempts at once reached',
      availableAt: now + 1000,
      estimated: true,
    } as const;
    expect(rejection({ health })).toBe('own limit of 5 attempts at once reached');
  });

  it('comes last: what a target can never do is said first', () => {
    const health = { blockedReason: 'circuit open', availableAt: now + 5 };
    expect(rejection({ health, supports: { tools: false } }, { tools })).toBe('takes no tools');
  });
});
