import { describe, expect, it } from 'vitest';
import { failureRules, type FailureRule } from 'failsoft';
import { publicFaces } from '../../src/core/errors.ts';
import { namesUnder, plain, tableUnder } from './pages.ts';
import { membersOf, variantsOf, type Member } from './source.ts';

const errorsPage = 'docs/errors.md';
const optionsPage = 'docs/options.md';
const eventsPage = 'docs/events.md';

describe('the table of failure kinds', () => {
  it('says what the code decides by', () => {
    const documented = tableUnder(errorsPage, 'Failure kinds').map(([kind, , permits, evidence, hold]) => [
      kind,
      { permits, evidence: evidence === 'yes', hold },
    ]);
    expect(Object.fromEntries(documented) as Record<string, FailureRule>).toEqual(failureRules);
  });

  it('has an example for every kind but those that no vendor sends', () => {
    const kinds = namesUnder(errorsPage, 'Where the kinds come from');
    const missing = Object.keys(failureRules).filter((kind) => !kinds.includes(kind));
    expect(missing).toEqual(['network', 'aborted', 'unknown']);
  });
});

describe('the table of error codes', () => {
  it('says what an end user is told', () => {
    const documented = tableUnder(errorsPage, 'Error codes').map(([code, , status, retryable, message]) => [
      code,
      [Number(status), message, retryable === 'yes'],
    ]);
    expect(Object.fromEntries(documented)).toEqual(publicFaces);
  });
});

describe('the tables of options', () => {
  const tables: readonly (readonly [heading: string, file: string, ...interfaces: string[]])[] = [
    ['Router options', 'src/options.ts', 'RouterOptions'],
    ['Model options', 'src/options.ts', 'ModelOptions'],
    ['Shared options', 'src/options.ts', 'SharedOptions'],
    ['Target options', 'src/options.ts', 'Target'],
    ['Timeouts', 'src/options.ts', 'Timeouts'],
    ['Retry', 'src/options.ts', 'RetryOptions'],
    ['Stream', 'src/options.ts', 'StreamOptions'],
    ['Hedging', 'src/options.ts', 'HedgeOptions'],
    ['Probes', 'src/options.ts', 'ProbeOptions'],
    ['Limits', 'src/options.ts', 'TargetLimits'],
    ['Price', 'src/core/price.ts', 'Price'],
    ['Supports', 'src/providers/provider.ts', 'Supports'],
    ['Request', 'src/core/request.ts', 'CompletionRequest', 'RequestSettings'],
  ];

  it.each(tables)('list every one under "%s"', (heading, file, ...interfaces) => {
    const members = interfaces.flatMap((name) => membersOf(file, name));
    expect(namesUnder(optionsPage, heading).sort()).toEqual(members.map(({ name }) => name).sort());
  });

  it.each(tables)('state the defaults of the docstrings under "%s"', (heading, file, ...interfaces) => {
    const stated = interfaces.flatMap((name) => membersOf(file, name)).filter(hasDefault);
    const rows = new Map(tableUnder(optionsPage, heading).map(([name, value]) => [name, value]));
    const differing = stated.filter((member) => rows.get(member.name) !== plain(member.default));
    expect(
      differing.map(({ name, default: value }) => ({ name, code: value, docs: rows.get(name) })),
    ).toEqual([]);
  });

  it('list every call option', () => {
    const own = membersOf('src/options.ts', 'CallOptions').map(({ name }) => name);
    const shared = ['timeouts', 'retry', 'maxAttempts', 'stream', 'transport', 'hedge'];
    expect(namesUnder(optionsPage, 'Call options').sort()).toEqual([...own, ...shared].sort());
  });
});

describe('the tables of provider options', () => {
  it.each([
    ['openai', 'src/providers/openai/options.ts', ['CommonOptions', 'OpenAIClientOptions', 'OpenAISettings']],
    ['anthropic', 'src/providers/anthropic/client.ts', ['AnthropicSettings'], ['client', 'name']],
    ['google', 'src/providers/google/settings.ts', ['GoogleSettings'], ['client', 'name']],
    ['ollama', 'src/providers/ollama/options.ts', ['OllamaClientOptions', 'OllamaSettings']],
  ] as const)('list every one of %s', (vendor, file, interfaces, more: readonly string[] = []) => {
    const names = interfaces.flatMap((name) => membersOf(file, name).map((member) => member.name));
    const documented = namesUnder(`docs/providers/${vendor}.md`, 'Options');
    expect(documented.sort()).toEqual([...new Set([...names, ...more])].sort());
  });
});

describe('the table of faults around a provider', () => {
  it('lists every field', () => {
    const members = [
      ...membersOf('src/testing/fault-plan.ts', 'FaultPlan'),
      ...membersOf('src/testing/with-faults.ts', 'FaultOptions'),
    ];
    const documented = namesUnder('docs/testing.md', 'Faults around a provider');
    expect(documented.sort()).toEqual(members.map(({ name }) => name).sort());
  });
});

describe('the tables of events', () => {
  const events = variantsOf('src/core/events.ts', 'RouterEvent');

  it('are found in the code', () => {
    expect(events.size).toBeGreaterThan(5);
  });

  it.each([...events.keys()])('list every field of %s', (type) => {
    const fields = (events.get(type) ?? []).map(({ name, isOptional }) => (isOptional ? `${name}?` : name));
    expect(namesUnder(eventsPage, type).sort()).toEqual(fields.sort());
  });
});

describe('the tables of results', () => {
  it.each([
    ['Completion', 'docs/core.md', 'src/core/completion.ts', 'Completion'],
    ['Attempt', 'docs/core.md', 'src/core/completion.ts', 'Attempt'],
  ])('list every field of a %s', (heading, page, file, name) => {
    const fields = membersOf(file, name).map((member) => member.name);
    expect(namesUnder(page, heading).sort()).toEqual(fields.sort());
  });

  it('list what a provider may yield and have', () => {
    const page = 'docs/writing-a-provider.md';
    const yielded = [...variantsOf('src/providers/provider.ts', 'ProviderEvent').keys()];
    expect(namesUnder(page, 'The events').sort()).toEqual(yielded.sort());
    const parts = membersOf('src/providers/provider.ts', 'Provider').map(({ name }) => name);
    const required = ['name', 'stream', 'complete'];
    expect([...namesUnder(page, 'The optional parts'), ...required].sort()).toEqual(parts.sort());
  });
});

function hasDefault(member: Member): member is Member & { readonly default: string } {
  return member.default !== undefined;
}
