import type { JsonObject } from '../dialect.ts';
import { invalid, type Refusal } from './errors.ts';
import { objectOf, objectsOf } from './shape.ts';

const dataFields = [
  'text',
  'inlineData',
  'fileData',
  'functionCall',
  'functionResponse',
  'executableCode',
  'codeExecutionResult',
];

/** What is wrong with a conversation: its shape, its roles, its calls and their answers. */
export function historyRefusal(contents: readonly JsonObject[]): Refusal | undefined {
  if (contents.length === 0) return invalid('* GenerateContentRequest.contents: contents is not specified\n');
  return shapeRefusal(contents) ?? orderRefusal(contents) ?? callsRefusal(contents);
}

function shapeRefusal(contents: readonly JsonObject[]): Refusal | undefined {
  for (const [index, { role, parts }] of contents.entries()) {
    const where = `* GenerateContentRequest.contents[${index}]`;
    if (role !== undefined && role !== 'user' && role !== 'model')
      return invalid('Please use a valid role: user, model.');
    const list = objectsOf(parts);
    if (list.length === 0) return invalid(`${where}.parts: contents.parts must not be empty.\n`);
    for (const [at, part] of list.entries()) {
      const fields = dataFields.filter((field) => field in part);
      const path = `${where}.parts[${at}].data: required oneof field 'data' must have`;
      if (fields.length !== 1) return invalid(`${path} one initialized field\n`);
      const media = objectOf(part['inlineData'] ?? part['fileData']);
      if ('inlineData' in part && !media['mimeType'])
        return invalid('Unable to determine the MIME type of inline data.');
    }
  }
  return undefined;
}

function orderRefusal(contents: readonly JsonObject[]): Refusal | undefined {
  const roles = contents.map(({ role }) => role ?? 'user');
  if (roles[0] !== 'user') return invalid('Please ensure that multiturn requests start with a user role.');
  if (roles.at(-1) !== 'user') {
    return invalid('Please ensure that multiturn requests end with a user role or a function response.');
  }
  const twice = roles.findIndex((role, index) => role === 'model' && roles[index + 1] === 'model');
  return twice < 0
    ? undefined
    : invalid('Please ensure that multiturn requests alternate between user and model.');
}

function callsRefusal(contents: readonly JsonObject[]): Refusal | undefined {
  for (const [index, content] of contents.entries()) {
    const calls = fieldsOf(content, 'functionCall');
    const answers = fieldsOf(content, 'functionResponse');
    if (answers.length > 0 && fieldsOf(contents[index - 1], 'functionCall').length === 0) {
      return invalid(
        'Please ensure that function response turn comes immediately after a function call turn.',
      );
    }
    if (calls.length === 0) continue;
    const next = contents[index + 1];
    const given = fieldsOf(next, 'functionResponse');
    if (given.length !== calls.length || given.length !== objectsOf(next?.['parts']).length) {
      return invalid(
        'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
      );
    }
    const unmatched = calls.find((call, at) => !isAnswerTo(call, given, at));
    if (unmatched) {
      return invalid(
        `Please ensure that function response parts match the function call "${String(unmatched['name'])}" by id and name.`,
      );
    }
  }
  return undefined;
}

function fieldsOf(content: JsonObject | undefined, field: string): JsonObject[] {
  return objectsOf(content?.['parts']).flatMap((part) => (field in part ? [objectOf(part[field])] : []));
}

/** By id where the call has one, else by its place. */
function isAnswerTo(call: JsonObject, answers: readonly JsonObject[], at: number): boolean {
  const answer = call['id'] === undefined ? answers[at] : answers.find(({ id }) => id === call['id']);
  return answer?.['name'] === call['name'] && answer?.['id'] === call['id'];
}
