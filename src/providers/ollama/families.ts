import type { Supports } from '../provider.ts';

/**
 * What is known of a family by the tags that ollama.com gives its models (tools, thinking, vision), as of November 2026.
 * A name that matches no row is unknown: taken as able, and its refusals are remembered.
 */
interface Family {
  readonly name: RegExp;
  readonly tools?: boolean;
  readonly thinking?: boolean;
  readonly images?: boolean;
}

/** The first match counts. The whole name with its tag is matched. */
const families: readonly Family[] = [
  { name: /^gpt-oss/, tools: true, thinking: true, images: false },
  { name: /^qwen3-coder/, tools: true, thinking: false, images: false },
  { name: /^qwen3-vl/, tools: true, images: true },
  { name: /^qwen3-embedding/, tools: false, thinking: false, images: false },
  { name: /^qwen3(:|-next|$)[^/]*(instruct|coder)/, tools: true, thinking: false, images: false },
  { name: /^qwen3(:|-next|$)/, tools: true, thinking: true, images: false },
  { name: /^qwen3\.\d/, tools: true, thinking: true },
  { name: /^qwq/, tools: true, images: false },
  { name: /^qwen2\.5vl/, thinking: false, images: true },
  { name: /^qwen2\.5/, tools: true, thinking: false, images: false },
  { name: /^(qwen2|qwen)(:|-math|$)/, thinking: false, images: false },
  { name: /^deepseek-(r1|v3\.\d)/, thinking: true, images: false },
  { name: /^deepseek-(coder|llm|v2|v3)/, thinking: false, images: false },
  { name: /^(magistral|kimi-k2-thinking|nemotron-3|glm-4\.[5-9]|minimax-m2)/, tools: true, thinking: true },
  { name: /^llama3\.2-vision/, thinking: false, images: true },
  { name: /^llama4/, tools: true, thinking: false, images: true },
  { name: /^llama3\.[1-3]/, tools: true, thinking: false, images: false },
  { name: /^(llama3|llama2|codellama|tinyllama|vicuna|orca-mini|wizardlm2?|starcoder2?|dolphin-mixtral)(:|$)/, tools: false, thinking: false, images: false }, // prettier-ignore
  { name: /^mistral-small3\.[12]/, tools: true, thinking: false, images: true },
  { name: /^(mistral|mixtral|mistral-nemo|mistral-large|devstral|command-r|command-r-plus)(:|$)/, tools: true, thinking: false, images: false }, // prettier-ignore
  { name: /^codestral/, thinking: false, images: false },
  { name: /^gemma4/, tools: true, thinking: true, images: true },
  { name: /^gemma3:(270m|1b)/, tools: false, thinking: false, images: false },
  { name: /^gemma3(:|$)/, tools: false, thinking: false, images: true },
  { name: /^(gemma|gemma2|codegemma)(:|$)/, tools: false, thinking: false, images: false },
  { name: /^phi4-(mini-)?reasoning/, images: false },
  { name: /^phi4-mini/, tools: true, thinking: false, images: false },
  { name: /^(phi|phi3|phi3\.5|phi4)(:|$)/, tools: false, thinking: false, images: false },
  { name: /^(llava|llava-llama3|llava-phi3|bakllava|moondream)(:|$)/, tools: false, thinking: false, images: true }, // prettier-ignore
];

function familyOf(model: string): Family | undefined {
  // A name with a namespace is somebody's own build: what its base could says nothing for certain.
  const name = model.toLowerCase().replace(/^(registry\.ollama\.ai\/)?library\//, '');
  return name.includes('/') ? undefined : families.find((family) => family.name.test(name));
}

/** Whether a model can think; undefined where nothing is known. */
export function thinks(model: string): boolean | undefined {
  return familyOf(model)?.thinking;
}

/** gpt-oss takes levels and ignores an on or off; all others know only on and off. */
export function thinksByLevels(model: string): boolean {
  return /(^|\/)gpt-oss/.test(model.toLowerCase());
}

/** What a model can take through Ollama's chat endpoint. */
export function supportsOf(model: string): Supports {
  const family = familyOf(model);
  return {
    ...(family?.tools === undefined ? {} : { tools: family.tools }),
    ...(family?.thinking === undefined ? {} : { reasoning: family.thinking }),
    ...(family?.images === undefined ? {} : { images: family.images }),
    // There is no such field: `none` is expressed by leaving the tools away.
    toolChoice: ['none'],
    parallelToolCalls: false,
    files: false,
    imageUrls: false,
    fileUrls: false,
  };
}
