import type { JsonObject } from '../dialect.ts';
import {
  firstRefusal,
  functionRefusal,
  isGiven,
  isObject,
  listOf,
  rangeRefusal,
  schemaFormatRefusal,
  unknownKey,
} from './common-rules.ts';
import { invalidType, missingParameter, unsupportedParameter, type Flavour, type Refusal } from './errors.ts';
import { effortsOf, isReasoningModel, takesSampling, takesSchema } from './models.ts';
import { inputRefusal } from './responses-input.ts';

/** Without `stop`, `seed` and the penalties: this surface has none of them. */
const knownParameters = [
  ...['access_programs', 'background', 'context_management', 'conversation', 'image', 'include', 'input'],
  ...['instructions', 'max_output_tokens', 'max_tool_calls', 'metadata', 'model', 'moderation'],
  ...['parallel_tool_calls', 'previous_response_id', 'prompt', 'prompt_cache_key', 'prompt_cache_options'],
  ...['prompt_cache_retention', 'reasoning', 'safety_identifier', 'service_tier', 'store', 'stream'],
  ...[
    'stream_options',
    'temperature',
    'text',
    'tool_choice',
    'tools',
    'top_logprobs',
    'top_p',
    'truncation',
    'user',
  ],
];

/** What Responses refuses. Compatible endpoints know the shapes, but neither the parameters nor the models. */
export function responsesRefusal(body: JsonObject, flavour: Flavour): Refusal | undefined {
  const isStrict = flavour !== 'compatible';
  const model = typeof body.model === 'string' ? body.model : '';
  return (
    (isStrict ? unknownParameterRefusal(body) : undefined) ??
    promptRefusal(body, model, isStrict) ??
    toolsRefusal(body) ??
    rangesRefusal(body) ??
    formatRefusal(body, isStrict ? model : '') ??
    (isStrict ? modelRefusal(body, model) : undefined)
  );
}

/** A stored prompt brings model and input of its own. */
function promptRefusal(body: JsonObject, model: string, isStrict: boolean): Refusal | undefined {
  const isStored = isGiven(body.prompt);
  if (model === '' && !isStored) return missingParameter('model');
  if (isGiven(body.previous_response_id)) return previousRefusal(body.previous_response_id);
  return isStored && !isGiven(body.input)
    ? undefined
    : inputRefusal(body.input, isStrict ? model : '', isStrict);
}

function unknownParameterRefusal(body: JsonObject): Refusal | undefined {
  const options = isObject(body.stream_options) ? body.stream_options : {};
  return (
    unknownKey(body, knownParameters) ??
    unknownKey(options, ['include_obfuscation'], 'stream_options.') ??
    unknownKey(isObject(body.text) ? body.text : {}, ['format', 'verbosity'], 'text.')
  );
}

/** Nothing is stored here, so that no earlier response is ever found. */
function previousRefusal(id: unknown): Refusal {
  return {
    message: `Previous response with id '${String(id)}' not found.`,
    param: 'previous_response_id',
    code: 'previous_response_not_found',
  };
}

function toolsRefusal(body: JsonObject): Refusal | undefined {
  const { tools, tool_choice: choice } = body;
  if (isGiven(tools) && !Array.isArray(tools)) return invalidType('tools', 'an array', tools);
  const definitions = listOf(tools);
  return (
    firstRefusal(definitions, (tool, index) => toolRefusal(tool, `tools[${index}]`)) ??
    choiceRefusal(choice, definitions as readonly JsonObject[])
  );
}

function toolRefusal(tool: unknown, param: string): Refusal | undefined {
  if (!isObject(tool)) return invalidType(param, 'an object', tool);
  if (!isGiven(tool.type)) return missingParameter(`${param}.type`);
  return tool.type === 'function' ? functionRefusal(tool, param) : undefined;
}

function choiceRefusal(choice: unknown, tools: readonly JsonObject[]): Refusal | undefined {
  if (!isGiven(choice) || choice === 'auto' || choice === 'none') return undefined;
  if (choice === 'required') {
    const message = "Tool choice 'required' must be specified with 'tools' parameter.";
    return tools.length > 0 ? undefined : { message, param: 'tool_choice' };
  }
  if (!isObject(choice)) {
    const message = `Invalid value: '${String(choice)}'. Supported values are: 'none', 'auto', and 'required'.`;
    return { message, param: 'tool_choice', code: 'invalid_value' };
  }
  if (choice.type !== 'function') return undefined;
  if (!isGiven(choice.name)) return missingParameter('tool_choice.name');
  if (tools.some((tool) => tool.name === choice.name)) return undefined;
  return { message: "Tool choice 'function' not found in 'tools' parameter.", param: 'tool_choice' };
}

function rangesRefusal(body: JsonObject): Refusal | undefined {
  return (
    rangeRefusal(body, 'temperature', { min: 0, max: 2 }) ??
    rangeRefusal(body, 'top_p', { min: 0, max: 1 }) ??
    // Responses has a least number of tokens of its own.
    rangeRefusal(body, 'max_output_tokens', { min: 16, isInteger: true })
  );
}

function formatRefusal(body: JsonObject, model: string): Refusal | undefined {
  const format = isObject(body.text) && isObject(body.text.format) ? body.text.format : undefined;
  if (!format) return undefined;
  if (format.type === 'json_object' && !JSON.stringify(body.input).toLowerCase().includes('json')) {
    const rule = "to use 'text.format' of type 'json_object'.";
    const message = `Response input messages must contain the word 'json' in some form ${rule}`;
    return { message, param: 'input' };
  }
  if (format.type !== 'json_schema') return undefined;
  if (!takesSchema(model)) {
    return {
      message: "Invalid parameter: 'text.format' of type 'json_schema' is not supported with this model.",
      param: 'text.format',
    };
  }
  return schemaFormatRefusal(format, 'text.format', 'text.format.schema');
}

function modelRefusal(body: JsonObject, model: string): Refusal | undefined {
  const reasoning = isObject(body.reasoning) ? body.reasoning : {};
  const effort = typeof reasoning.effort === 'string' ? reasoning.effort : undefined;
  if (!isReasoningModel(model)) return plainModelRefusal(body, reasoning);
  const known = effortsOf(model);
  if (effort !== undefined && !known.includes(effort)) {
    const values = known.map((value) => `'${value}'`).join(', ');
    return {
      message: `Unsupported value: '${effort}' is not supported with the '${model}' model. Supported values are: ${values}.`,
      param: 'reasoning.effort',
      code: 'unsupported_value',
    };
  }
  if (takesSampling(model, effort)) return undefined;
  const sampled = ['temperature', 'top_p'].find((param) => isGiven(body[param]) && body[param] !== 1);
  // Without a code here, unlike on Chat Completions: only the parameter tells what it was about.
  return sampled === undefined ? undefined : { ...unsupportedParameter(sampled), code: null };
}

function plainModelRefusal(body: JsonObject, reasoning: JsonObject): Refusal | undefined {
  const asked = ['effort', 'summary'].find((key) => isGiven(reasoning[key]));
  if (asked !== undefined) return unsupportedParameter(`reasoning.${asked}`);
  if (!listOf(body.include).includes('reasoning.encrypted_content')) return undefined;
  return { message: 'Encrypted content is not supported with this model.', param: 'include' };
}
