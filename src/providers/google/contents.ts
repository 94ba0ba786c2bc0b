import type { AssistantPart, Message, ToolMessage } from '../../core/request.ts';
import { repairHistory, type ToolIdRule } from '../history.ts';
import type { ProviderRequest } from '../provider.ts';
import type { Family } from './families.ts';
import { toolAnswer, userPart } from './parts.ts';
import type { PartState, Route, WireContent, WirePart } from './wire.ts';

/** What a conversation is written for. */
export interface ContentsFor {
  readonly model: string;
  readonly route: Route;
  readonly family: Family;
}

/** The conversation, and the system instruction where it goes apart. */
export interface Conversation {
  readonly contents: readonly WireContent[];
  readonly systemInstruction?: WireContent;
}

/** Stands where a call of Gemini 3 has no signature of its own, as Google documents it for foreign histories. */
export const foreignSignature = 'skip_thought_signature_validator';
/** Gemini wants the user to have the first word, and the last. */
const openingText = '(The conversation begins with your own message.)';
const closingText = 'Go on exactly where your last message stops.';

/** Any id will do: it is only sent back where it was Gemini's own. */
const idRule: ToolIdRule = { accepts: /./s, make: (index) => `call_${index}` };

/** Writes a conversation so that Gemini takes it: the user first and last, roles in turn, every call with its answer. */
export function conversationOf(request: ProviderRequest, target: ContentsFor): Conversation {
  const turns = turnsOf(repairHistory(request.messages, idRule), target);
  const system = request.system ? { text: request.system } : undefined;
  if (system === undefined) return { contents: framed(turns) };
  // Without any turn the instruction is the question; Gemma 3 knows no instruction.
  if (turns.length === 0) return { contents: [{ role: 'user', parts: [system] }] };
  if (!target.family.systemInstruction) return { contents: framed(merged([userTurn([system]), ...turns])) };
  return { contents: framed(turns), systemInstruction: userTurn([system]) };
}

interface Turn extends WireContent {
  /** Holds function responses, beside which nothing else may stand. */
  readonly sealed?: boolean;
}

const userTurn = (parts: readonly WirePart[]): WireContent => ({ role: 'user', parts });

function turnsOf(messages: readonly Message[], target: ContentsFor): Turn[] {
  const turns: Turn[] = [];
  let callIds = new Map<string, string>();
  for (const message of messages) {
    if (message.role === 'tool') {
      turns.push(...resultTurns(message, callIds, target.family.imagesInResults));
    } else if (message.role === 'assistant') {
      callIds = new Map();
      turns.push({ role: 'model', parts: modelParts(message.content, target, callIds) });
    } else {
      const content =
        typeof message.content === 'string'
          ? [{ type: 'text', text: message.content } as const]
          : message.content;
      turns.push(userTurn(content.flatMap((part) => userPart(part) ?? [])));
    }
  }
  return merged(turns);
}

/** All answers to one turn in one content; images that can't go inside follow in a turn of their own. */
function resultTurns(
  message: ToolMessage,
  callIds: ReadonlyMap<string, string>,
  mediaInside: boolean,
): Turn[] {
  const answers = message.content.map((result) =>
    toolAnswer(result, callIds.get(result.toolCallId), mediaInside),
  );
  const beside = answers.flatMap((answer) => answer.beside);
  const responses = answers.map(({ response }) => ({ functionResponse: response }));
  return [{ ...userTurn(responses), sealed: true }, ...(beside.length === 0 ? [] : [userTurn(beside)])];
}

/** Writes an assistant's turn, and notes in `callIds` which calls carry an id of Gemini's. */
function modelParts(
  content: string | readonly AssistantPart[],
  target: ContentsFor,
  callIds: Map<string, string>,
): WirePart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ text: content }];
  let callsSeen = 0;
  return content.flatMap((part): WirePart[] => {
    const state = stateOf(part);
    const signature = usableSignature(state, target);
    const signed = signature === undefined ? {} : { thoughtSignature: signature };
    if (part.type === 'text') return part.text === '' && !signature ? [] : [{ text: part.text, ...signed }];
    // A thought without its signature is no use to the vendor, and another's thoughts are none of its business.
    if (part.type === 'reasoning') return signature ? [{ text: part.text, thought: true, ...signed }] : [];
    callsSeen += 1;
    if (state?.callId !== undefined) callIds.set(part.id, state.callId);
    const functionCall = {
      ...(state?.callId === undefined ? {} : { id: state.callId }),
      name: part.name,
      args: part.arguments,
    };
    // Of several calls in one turn only the first is signed.
    const stand = callsSeen === 1 && target.family.signatures ? { thoughtSignature: foreignSignature } : {};
    return [{ functionCall, ...stand, ...signed }];
  });
}

function stateOf(part: AssistantPart): PartState | undefined {
  return part.providerState?.state as PartState | undefined;
}

/** A signature is good only for the model and on the route that it came from. */
function usableSignature(state: PartState | undefined, { model, route }: ContentsFor): string | undefined {
  return state?.model === model && state.route === route ? state.signature : undefined;
}

/** Joins neighbours of one role and takes out what is empty; function responses stay by themselves. */
function merged(turns: readonly Turn[]): Turn[] {
  const joined: Turn[] = [];
  for (const turn of turns) {
    if (turn.parts.length === 0) continue;
    const last = joined.at(-1);
    if (last && last.role === turn.role && !last.sealed && !turn.sealed) {
      joined[joined.length - 1] = { role: turn.role, parts: [...last.parts, ...turn.parts] };
    } else joined.push(turn);
  }
  return joined;
}

function framed(turns: readonly Turn[]): WireContent[] {
  const contents = turns.map(({ role, parts }): WireContent => ({ role, parts }));
  if (contents[0]?.role !== 'user') contents.unshift(userTurn([{ text: openingText }]));
  if (contents.at(-1)?.role === 'model') contents.push(userTurn([{ text: closingText }]));
  return contents;
}
