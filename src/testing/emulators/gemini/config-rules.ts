import type { JsonObject } from '../dialect.ts';
import { invalid, type Refusal } from './errors.ts';
import { versionOf, type Place } from './place.ts';
import { objectOf, objectsOf } from './shape.ts';

/** What is wrong with the configuration, for this model. */
export function configRefusal(body: JsonObject, place: Place): Refusal | undefined {
  const config = objectOf(body['generationConfig']);
  const declarations = objectsOf(body['tools']).flatMap((tool) => objectsOf(tool['functionDeclarations']));
  return (
    thinkingRefusal(objectOf(config['thinkingConfig']), place.model) ??
    samplingRefusal(config, place.model) ??
    jsonRefusal(config, declarations, place.model) ??
    toolsRefusal(declarations, objectOf(objectOf(body['toolConfig'])['functionCallingConfig'])) ??
    gemmaRefusal(body, declarations, place.model)
  );
}

function thinkingRefusal(thinking: JsonObject, model: string): Refusal | undefined {
  const { thinkingBudget: budget, thinkingLevel: level } = thinking;
  const version = versionOf(model);
  if (Object.keys(thinking).length === 0 || version === undefined) return undefined;
  if (budget !== undefined && level !== undefined) {
    return invalid('You can only set only one of thinking budget and thinking level.');
  }
  if (version < 205)
    return invalid('Thinking is not enabled for this model; thinking_config is not supported.');
  if (typeof level === 'string') return levelRefusal(level, model, version);
  return version < 300 ? budgetRefusal(thinking, model) : undefined;
}

function levelRefusal(level: string, model: string, version: number): Refusal | undefined {
  if (version < 300) return invalid('Thinking level is not supported for this model.');
  const isFlash = model.includes('flash');
  const levels =
    isFlash && version < 308
      ? ['MINIMAL', 'LOW', 'MEDIUM', 'HIGH']
      : version === 300
        ? ['LOW', 'HIGH']
        : ['LOW', 'MEDIUM', 'HIGH'];
  if (levels.includes(level.toUpperCase())) return undefined;
  return invalid(`Thinking level ${level} is not supported for this model.`);
}

function budgetRefusal(thinking: JsonObject, model: string): Refusal | undefined {
  const { thinkingBudget: budget, includeThoughts } = thinking;
  const isPro = model.includes('-pro');
  const isLite = model.includes('-lite');
  if (budget === 0 && isPro) return invalid('Budget 0 is invalid. This model only works in thinking mode.');
  const isOff = budget === 0 || (isLite && budget === undefined);
  if (isOff && includeThoughts === true) {
    return invalid('Thinking_config.include_thoughts is only enabled when thinking is enabled.');
  }
  if (typeof budget !== 'number' || budget === 0 || budget === -1) return undefined;
  const [least, most] = isPro ? [128, 32_768] : [isLite ? 512 : 1, 24_576];
  if (budget >= least && budget <= most) return undefined;
  return invalid(
    `The thinking budget ${budget} is invalid. Please choose a value between ${least} and ${most}.`,
  );
}

const ranges: readonly (readonly [name: string, least: number, most: number])[] = [
  ['temperature', 0, 2],
  ['topP', 0, 1],
  ['maxOutputTokens', 1, Infinity],
  ['candidateCount', 1, 8],
];

function samplingRefusal(config: JsonObject, model: string): Refusal | undefined {
  for (const [name, least, most] of ranges) {
    const value = config[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || value < least || value > most) {
      return invalid(
        `* GenerateContentRequest.generation_config.${name}: expected a value from ${least} to ${most}\n`,
      );
    }
  }
  const stops = config['stopSequences'];
  if (Array.isArray(stops) && stops.length > 5) {
    return invalid(
      '* GenerateContentRequest.generation_config.stop_sequences: at most 5 stop sequences are allowed\n',
    );
  }
  const penalised = [config['presencePenalty'], config['frequencyPenalty']].some(
    (penalty) => penalty !== undefined && penalty !== 0,
  );
  if (penalised && (versionOf(model) ?? 0) >= 205)
    return invalid(`Penalty is not enabled for models/${model}`);
  return undefined;
}

function jsonRefusal(
  config: JsonObject,
  declarations: readonly JsonObject[],
  model: string,
): Refusal | undefined {
  const isJson = config['responseMimeType'] === 'application/json';
  const hasSchema = config['responseSchema'] !== undefined || config['responseJsonSchema'] !== undefined;
  if (hasSchema && !isJson)
    return invalid('response_schema is only supported with a response mime type of application/json.');
  if (isJson && declarations.length > 0 && (versionOf(model) ?? Infinity) < 300) {
    return invalid("Function calling with a response mime type: 'application/json' is unsupported");
  }
  return undefined;
}

function toolsRefusal(declarations: readonly JsonObject[], calling: JsonObject): Refusal | undefined {
  const names = declarations.map(({ name }) => String(name));
  const misnamed = names.find((name) => !/^[A-Za-z_][\w.:-]{0,127}$/.test(name));
  if (misnamed !== undefined)
    return invalid(
      '* GenerateContentRequest.tools: Invalid function name. Must start with a letter or an underscore.\n',
    );
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return invalid(`Duplicate function declaration found: ${twice}`);
  const both = declarations.some((one) => 'parameters' in one && 'parametersJsonSchema' in one);
  if (both) return invalid('Only one of parameters and parameters_json_schema can be set.');
  const allowed = calling['allowedFunctionNames'];
  if (!Array.isArray(allowed) || allowed.length === 0) return undefined;
  if (calling['mode'] !== 'ANY' && calling['mode'] !== 'VALIDATED') {
    return invalid('allowed_function_names should only be set when mode is ANY or VALIDATED.');
  }
  const stranger = (allowed as string[]).find((name) => !names.includes(name));
  return stranger === undefined
    ? undefined
    : invalid(`allowed_function_names holds "${stranger}", which is not declared.`);
}

function gemmaRefusal(
  body: JsonObject,
  declarations: readonly JsonObject[],
  model: string,
): Refusal | undefined {
  if (!model.startsWith('gemma-3')) return undefined;
  if (body['systemInstruction']) return invalid(`Developer instruction is not enabled for models/${model}`);
  if (declarations.length > 0) return invalid(`Function calling is not enabled for models/${model}`);
  const isJson = objectOf(body['generationConfig'])['responseMimeType'] === 'application/json';
  return isJson ? invalid(`JSON mode is not enabled for models/${model}`) : undefined;
}
