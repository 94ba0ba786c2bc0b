import type { ProfileName } from 'failsoft/testing';

const small = /flash|haiku|mini|nano|lite|small|instant|turbo|tiny|\b[1-8]b\b/;
const local = /ollama|llama\.?cpp|lm-?studio|local|gguf/;
const claude = /claude|sonnet|opus|anthropic|bedrock/;

/** Which of the simulated providers a target is most like, by the name of its model and the kind of its provider. */
export function guessProfile(
  model: string,
  provider: { readonly name: string; readonly kind?: string },
): ProfileName {
  const kind = `${provider.kind ?? ''} ${provider.name}`.toLowerCase();
  const name = model.toLowerCase();
  if (local.test(kind) || local.test(name)) return 'local-like';
  if (small.test(name)) return 'flash-like';
  return claude.test(name) || claude.test(kind) ? 'sonnet-like' : 'gpt-like';
}
