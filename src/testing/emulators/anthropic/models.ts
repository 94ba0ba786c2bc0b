/** What a Claude model takes, as its emulator holds requests to it. */
export interface ModelRules {
  readonly thinkingTypes: readonly string[];
  /** Whether it thinks where a request does not say. */
  readonly thinksUnasked: boolean;
  /** Whether thinking is left out of the answer unless `display` asks for it. */
  readonly hidesThinking: boolean;
  readonly effort: boolean;
  readonly sampling: boolean;
  readonly temperatureWithTopP: boolean;
  readonly prefill: boolean;
  readonly forcedTools: boolean;
  readonly formats: boolean;
}

/** A version as one number: 4.5 is 405. Without one, as of the newest. */
function versionOf(model: string): { line: string; version: number } {
  const named = /claude-([a-z]+)-(\d{1,2})(?!\d)(?:[-.](\d{1,2})(?!\d))?/.exec(model);
  const old = /claude-(\d)(?:[-.](\d{1,2})(?!\d))?/.exec(model);
  const [line, major, minor] = named ? [named[1], named[2], named[3]] : ['', old?.[1] ?? '4', old?.[2]];
  return { line: line as string, version: Number(major) * 100 + Number(minor ?? 0) };
}

/**
 * The rules of a model by its name. Source: the vendor's migration guides and its page on troubleshooting thinking,
 * read in November 2026.
 */
export function rulesOf(model: string): ModelRules {
  const { line, version } = versionOf(model);
  const isAlwaysOn = line === 'fable' || line === 'mythos';
  const is55 = version >= 505 && line !== 'haiku';
  return {
    thinkingTypes: thinkingTypesOf(line, version, isAlwaysOn),
    thinksUnasked: version >= 500,
    hidesThinking: version >= 407,
    effort: version >= 406 || (version === 405 && line === 'opus'),
    sampling: version < 407,
    temperatureWithTopP: version < 401,
    prefill: version < 406,
    forcedTools: !is55 && !(isAlwaysOn && version > 500),
    formats: version >= 405 || (version === 401 && line === 'opus'),
  };
}

function thinkingTypesOf(line: string, version: number, isAlwaysOn: boolean): readonly string[] {
  if (version < 307) return ['disabled'];
  if (version < 406) return ['enabled', 'disabled'];
  if (version < 407) return ['enabled', 'adaptive', 'disabled'];
  if (isAlwaysOn || (line === 'opus' && version >= 505)) return ['adaptive'];
  return line === 'sonnet' && version >= 505 ? ['adaptive', 'between_tools'] : ['adaptive', 'disabled'];
}
