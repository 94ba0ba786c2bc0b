import { adaptedCode, type Failure } from '../../core/failure.ts';
import { familyOf, type Family } from './families.ts';

/** What is known of one model at one provider: by its family, and learnt from refusals. */
export interface ModelFacts {
  readonly family: Family;
  /** Learnt: which of two names the token limit goes by. */
  maxTokensField?: 'max_tokens' | 'max_completion_tokens';
  /** Learnt: `stream_options` is refused, by older versions of Azure's interface and some compatible servers. */
  noStreamOptions?: boolean;
  /** Learnt: summaries of reasoning are refused, as to organisations that OpenAI has not verified. */
  noSummary?: boolean;
  /** Learnt: the system message must not be called `developer`. */
  noDeveloper?: boolean;
  /** Learnt: tools are refused on Chat Completions while the model reasons. */
  toolsNeedResponses?: boolean;
  /** Learnt: efforts that this model does not know. */
  readonly refusedEfforts: Set<string>;
  /** Learnt: reasoning items whose encrypted content this account cannot read. */
  readonly refusedItems: Set<string>;
}

const mostModels = 1000;
const mostItems = 1000;

/** The facts of every model that was asked. */
export function modelFacts(): (model: string) => ModelFacts {
  const facts = new Map<string, ModelFacts>();
  return (model) => {
    const found = facts.get(model);
    if (found) return found;
    const made = {
      family: familyOf(model),
      refusedEfforts: new Set<string>(),
      refusedItems: new Set<string>(),
    };
    if (facts.size >= mostModels) facts.clear();
    facts.set(model, made);
    return made;
  };
}

/** What a body held when it was refused, as far as it can be changed without changing what is asked. */
export interface Sent {
  readonly body: Readonly<Record<string, any>>;
  readonly facts: ModelFacts;
}

/**
 * Learns from a refusal what this model wants to be called otherwise. Returns the failure without `feature` and with the
 * code `adapted` where the next request will differ, else the failure as it is.
 */
export function learnFrom(failure: Failure, param: string | undefined, { body, facts }: Sent): Failure {
  if (!['unsupported', 'bad-request'].includes(failure.kind)) return failure;
  const named = `${param ?? ''} ${failure.message}`;
  const isNews = lessons.some(({ when, learn }) => when.test(named) && learn(facts, body, named));
  if (!isNews) return failure;
  const { feature: _feature, ...rest } = failure;
  return { ...rest, kind: 'unsupported', code: adaptedCode };
}

type Body = Readonly<Record<string, any>>;

interface Lesson {
  readonly when: RegExp;
  /** Whether this was news: a lesson that was learnt before does not explain the refusal. */
  readonly learn: (facts: ModelFacts, body: Body, named: string) => boolean;
}

type Flag = 'noStreamOptions' | 'noSummary' | 'noDeveloper' | 'toolsNeedResponses';

/** A lesson that is one fact, where the request held what is refused. */
function once(flag: Flag, wasSent: (body: Body, named: string) => boolean): Lesson['learn'] {
  return (facts, body, named) => {
    if (facts[flag] || !wasSent(body, named)) return false;
    facts[flag] = true;
    return true;
  };
}

const lessons: readonly Lesson[] = [
  {
    when: /max_(completion_)?tokens/,
    learn: (facts, body, named) => {
      const sent = 'max_tokens' in body ? 'max_tokens' : 'max_completion_tokens';
      if (!(sent in body) || facts.maxTokensField !== undefined || !refuses(named)) return false;
      facts.maxTokensField = sent === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens';
      return true;
    },
  },
  {
    when: /stream_options|include_usage/,
    learn: once('noStreamOptions', (body) => 'stream_options' in body),
  },
  {
    when: /reasoning\.summary|reasoning summar/i,
    learn: once('noSummary', (body) => body['reasoning']?.summary !== undefined),
  },
  { when: /function tools with reasoning/i, learn: once('toolsNeedResponses', () => true) },
  {
    when: /reasoning_effort|reasoning\.effort/,
    learn: (facts, body) => {
      const effort: unknown = body['reasoning_effort'] ?? body['reasoning']?.effort;
      // A model that knows none of the levels knows no reasoning: that is for the feature to say.
      if (typeof effort !== 'string' || facts.refusedEfforts.has(effort) || !facts.family.reasons)
        return false;
      facts.refusedEfforts.add(effort);
      return true;
    },
  },
  {
    when: /'?developer'?/,
    learn: once('noDeveloper', (body, named) => /role/.test(named) && usesDeveloper(body)),
  },
  {
    when: /encrypted content|invalid_encrypted_content/i,
    learn: (facts, body, named) => {
      const ids = [...named.matchAll(/\brs_\w+/g)].map(([id]) => id);
      const sent = (Array.isArray(body['input']) ? body['input'] : []) as { type?: string; id?: string }[];
      const items = sent.filter((item) => item.type === 'reasoning').map((item) => item.id as string);
      const news = (ids.length > 0 ? ids : items).filter((id) => !facts.refusedItems.has(id));
      if (facts.refusedItems.size > mostItems) facts.refusedItems.clear();
      for (const id of news) facts.refusedItems.add(id);
      return news.length > 0;
    },
  },
];

function refuses(named: string): boolean {
  return /unsupported|not support|unrecognized|unknown|not permitted|instead|extra/i.test(named);
}

function usesDeveloper(body: Body): boolean {
  const messages = (body['messages'] ?? []) as { role?: string }[];
  return Array.isArray(messages) && messages.some(({ role }) => role === 'developer');
}
