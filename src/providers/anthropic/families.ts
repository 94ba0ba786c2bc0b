import type { Supports } from '../provider.ts';

/** What a family of models takes, as far as it is known. */
export interface Family {
  /** `budget`: `thinking.type: enabled`; `adaptive`: `output_config.effort`; `both`; `none`. */
  readonly thinking: 'none' | 'budget' | 'both' | 'adaptive';
  /** The `thinking.type` that turns it off; undefined where nothing does. */
  readonly thinkingOff: 'disabled' | 'between_tools' | undefined;
  /** Whether it thinks where the request says nothing. */
  readonly thinksUnasked: boolean;
  /** Temperature, top-p and top-k, under the API version 2023-06-01. */
  readonly sampling: boolean;
  /** Temperature and top-p in one request. */
  readonly bothSamplings: boolean;
  /** A reply that goes on from a last message of the assistant. */
  readonly prefill: boolean;
  /** `tool_choice` of `any` and `tool`. */
  readonly forcedTools: boolean;
  /** `output_config.format` and `strict` tools; undefined where it is not known. */
  readonly schemas: boolean | undefined;
  readonly images: boolean;
  readonly files: boolean;
}

/** Other vendors' models behind the same format: the form that they copied, and nothing that only newer ones take. */
const compatible: Family = {
  thinking: 'budget',
  thinkingOff: 'disabled',
  thinksUnasked: false,
  sampling: true,
  bothSamplings: true,
  prefill: false,
  forcedTools: true,
  schemas: undefined,
  images: true,
  files: true,
};

/** A Claude without a version that we can read: what every current one takes. */
const current: Family = {
  thinking: 'adaptive',
  thinkingOff: undefined,
  thinksUnasked: true,
  sampling: false,
  bothSamplings: false,
  prefill: false,
  forcedTools: true,
  schemas: true,
  images: true,
  files: true,
};

const byModel = new Map<string, Family>();

/**
 * The family of a model by its name, also in the forms of Bedrock (`us.anthropic.claude-…-v1:0`) and Vertex
 * (`claude-…@20250929`). Facts: the vendor's migration guides and its page on troubleshooting thinking, 2026-11.
 */
export function familyOf(model: string): Family {
  const known = byModel.get(model);
  if (known) return known;
  const family = readFamily(model.toLowerCase());
  // Names come from the host's targets; a host that makes them up at run time must not fill the memory.
  if (byModel.size < 1_000) byModel.set(model, family);
  return family;
}

function readFamily(model: string): Family {
  if (!model.includes('claude')) return compatible;
  const line = /claude-(opus|sonnet|haiku|fable|mythos)(?:-(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?)?/.exec(
    model,
  );
  const old = /claude-(?:instant-)?v?(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?/.exec(model);
  if (line?.[2]) return familyOfVersion(line[1] as string, versionOf(line[2], line[3]), model);
  if (old?.[1]) return familyOfVersion('', versionOf(old[1], old[2]), model);
  return current;
}

/** 4.5 is 405: minor versions may have two digits. */
function versionOf(major: string, minor = '0'): number {
  return Number(major) * 100 + Number(minor);
}

function familyOfVersion(line: string, version: number, model: string): Family {
  const isAlwaysThinking = line === 'fable' || line === 'mythos';
  return {
    thinking: thinkingOf(version),
    thinkingOff: thinkingOffOf(line, version, isAlwaysThinking),
    thinksUnasked: version >= 500 || isAlwaysThinking,
    sampling: version < 407,
    bothSamplings: version < 401,
    prefill: version < 406,
    forcedTools: version < (isAlwaysThinking ? 501 : 505) || line === 'haiku',
    schemas: version >= 405 || (version === 401 && line === 'opus'),
    images: version >= 300 && !model.includes('claude-3-5-haiku'),
    files: version >= 305,
  };
}

function thinkingOf(version: number): Family['thinking'] {
  if (version < 307) return 'none';
  if (version < 406) return 'budget';
  return version < 407 ? 'both' : 'adaptive';
}

function thinkingOffOf(line: string, version: number, isAlwaysThinking: boolean): Family['thinkingOff'] {
  if (isAlwaysThinking) return undefined;
  if (version < 505 || line === 'haiku') return 'disabled';
  return line === 'sonnet' ? 'between_tools' : undefined;
}

/** The family, as far as the host states nothing else of the target. */
export function familyFor(model: string, stated: Supports | undefined): Family {
  const family = familyOf(model);
  if (!stated) return family;
  const { reasoning, schema, toolChoice } = stated;
  return {
    ...family,
    thinking: reasoning === true && family.thinking === 'none' ? 'budget' : family.thinking,
    schemas: schema ?? family.schemas,
    forcedTools: toolChoice === undefined ? family.forcedTools : toolChoice === true,
  };
}

/** The version from which sampling is refused for every model. */
const versionWithoutSampling = '2026-10-21';

/** Whether temperature, top-p and top-k may be sent. Versions are dates; Bedrock's old one begins with letters. */
export function takesSampling(model: string, version: string): boolean {
  const isDated = /^\d{4}-\d{2}-\d{2}$/.test(version);
  return familyOf(model).sampling && !(isDated && version >= versionWithoutSampling);
}
