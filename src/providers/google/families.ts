import type { Supports } from '../provider.ts';
import type { Route } from './wire.ts';

export type ThinkingLevel = 'MINIMAL' | 'LOW' | 'MEDIUM' | 'HIGH';

/** How a model's thinking is steered: not at all, by levels (3.x), or by a budget in tokens (2.5). */
export type Thinking =
  | { readonly by: 'nothing' }
  | { readonly by: 'level'; readonly levels: readonly ThinkingLevel[] }
  | {
      readonly by: 'budget';
      /** The smallest budget; below it only 0 is taken. */
      readonly least: number;
      readonly most: number;
      readonly canBeOff: boolean;
      readonly onByDefault: boolean;
    };

/** What is known of a model by its name. */
export interface Family {
  readonly thinking: Thinking;
  /** Answers 400 to a call of the current turn without thought signature. */
  readonly signatures: boolean;
  /** Takes tools and structured output in one request. */
  readonly schemaWithTools: boolean;
  /** Takes images inside a function response. */
  readonly imagesInResults: boolean;
  readonly systemInstruction: boolean;
  readonly supports: Supports;
}

const everyLevel: readonly ThinkingLevel[] = ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH'];
const noThinking: Thinking = { by: 'nothing' };

/**
 * The family of a model. A name without a version (`gemini-flash-latest`) is taken as one of the newest; a name that is
 * no Gemini model's (a tuned model, another publisher's on Vertex) as able to do everything.
 */
export function familyOf(model: string, route: Route): Family {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  if (name.startsWith('gemma-3')) return gemma3;
  const found = /^gemini-(?:exp-|robotics-er-|live-)?(\d+)(?:\.(\d+))?/.exec(name);
  if (found) return versioned(name, Number(found[1]) * 100 + Number(found[2] ?? 0), route);
  return name.startsWith('gemini-') ? newest(name, Infinity) : unknown;
}

/** The family, as far as the host states nothing else of the target. */
export function familyFor(model: string, route: Route, stated: Supports | undefined): Family {
  const family = familyOf(model, route);
  if (!stated) return family;
  const mayThink = stated.reasoning === true && family.thinking.by === 'nothing';
  return {
    ...family,
    thinking: mayThink ? unknown.thinking : family.thinking,
    supports: { ...family.supports, ...stated },
  };
}

/** `version` is 205 for 2.5, so that 3.10 comes after 3.9. */
function versioned(name: string, version: number, route: Route): Family {
  if (version >= 300) return newest(name, version);
  const thinking = version >= 205 ? budgetThinking(name) : noThinking;
  // Images in, images out: no functions, no JSON.
  const drawsOnly = name.includes('-image');
  return {
    thinking: drawsOnly ? noThinking : thinking,
    signatures: false,
    schemaWithTools: false,
    imagesInResults: false,
    systemInstruction: true,
    supports: {
      ...commonSupports,
      tools: !drawsOnly,
      schema: !drawsOnly,
      reasoning: !drawsOnly && thinking.by !== 'nothing',
      presencePenalty: version < 205,
      frequencyPenalty: version < 205,
      // Gemini's own API fetches foreign URLs since January 2026, and not for 2.0.
      imageUrls: version >= 205 || route === 'vertex',
      fileUrls: version >= 205 || route === 'vertex',
    },
  };
}

/** ai.google.dev/gemini-api/docs/thinking: Pro thinks always, Flash-Lite only when told to. */
function budgetThinking(name: string): Thinking {
  if (name.includes('-pro'))
    return { by: 'budget', least: 128, most: 32_768, canBeOff: false, onByDefault: true };
  const lite = name.includes('-lite');
  return { by: 'budget', least: lite ? 512 : 1, most: 24_576, canBeOff: true, onByDefault: !lite };
}

function newest(name: string, version: number): Family {
  return {
    thinking: { by: 'level', levels: levelsOf(name, version) },
    signatures: true,
    schemaWithTools: true,
    imagesInResults: true,
    systemInstruction: true,
    supports: {
      ...commonSupports,
      reasoning: true,
      // "Penalty is not enabled for this model": 400 since 2.5.
      presencePenalty: false,
      frequencyPenalty: false,
      imageUrls: true,
      fileUrls: true,
    },
  };
}

function levelsOf(name: string, version: number): readonly ThinkingLevel[] {
  const isFlash = name.includes('flash');
  if (!isFlash) return version === 300 ? ['LOW', 'HIGH'] : ['LOW', 'MEDIUM', 'HIGH'];
  // Seen with 3.8 Flash; assumed of what comes after it.
  return version >= 308 ? ['LOW', 'MEDIUM', 'HIGH'] : everyLevel;
}

const commonSupports: Supports = {
  tools: true,
  toolChoice: true,
  images: true,
  files: true,
  schema: true,
  stream: true,
  temperature: true,
  stop: true,
  seed: true,
  topP: true,
  topK: true,
  // There is no switch for it.
  parallelToolCalls: false,
};

const gemma3: Family = {
  thinking: noThinking,
  signatures: false,
  schemaWithTools: false,
  imagesInResults: false,
  systemInstruction: false,
  supports: {
    ...commonSupports,
    tools: false,
    files: false,
    schema: false,
    reasoning: false,
    presencePenalty: false,
    frequencyPenalty: false,
    imageUrls: false,
    fileUrls: false,
  },
};

const unknown: Family = {
  // A budget is taken by 2.5 and, for compatibility, by 3.x.
  thinking: { by: 'budget', least: 1, most: 24_576, canBeOff: true, onByDefault: false },
  signatures: false,
  schemaWithTools: true,
  imagesInResults: false,
  systemInstruction: true,
  supports: { parallelToolCalls: false },
};
