import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { RecordedCall } from 'failsoft/testing';
import { nearest } from '../../core/check.ts';
import { wordsOf, WrongUse } from '../wrong-use.ts';

/** One call of a host's log: as one that is played again, but `at` is an instant. */
export type LoggedCall = RecordedCall;

const mostFaultsShown = 5;

/** Reads a file of calls, in the order of their time. Throws `WrongUse`, which names the lines. */
export async function readTraffic(
  path: string,
  models: readonly string[] | undefined,
): Promise<LoggedCall[]> {
  if (!existsSync(path)) throw new WrongUse(`--traffic ${path}: there is no such file`);
  const log = createLog(models);
  const faults: string[] = [];
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    number += 1;
    // Some editors begin a file with a mark of its byte order.
    const text = line.replace(/^\uFEFF/, '').trim();
    if (text === '') continue;
    try {
      log.add(text);
    } catch (error) {
      faults.push(`line ${number}: ${wordsOf(error)}`);
    }
  }
  if (faults.length > 0) throw new WrongUse(`--traffic ${path}: ${told(faults)}`);
  const calls = log.calls().sort((one, other) => one.at - other.at);
  if (calls.length === 0) throw new WrongUse(`--traffic ${path}: there is no call in it`);
  return calls;
}

function told(faults: readonly string[]): string {
  if (faults.length === 1) return faults[0] as string;
  const more = faults.length - mostFaultsShown;
  const rest = more > 0 ? [`and ${more} more`] : [];
  return `${faults.length} lines cannot be read\n  ${[...faults.slice(0, mostFaultsShown), ...rest].join('\n  ')}`;
}

type Fields = Readonly<Record<string, unknown>>;

/** Gathers calls: one in each line, or told by the events of a router, where several belong to one call. */
function createLog(models: readonly string[] | undefined) {
  const plain: LoggedCall[] = [];
  const ended = new Map<unknown, LoggedCall>();
  const tried = new Map<unknown, LoggedCall>();

  function add(text: string): void {
    const line = parsed(text);
    if (line.type === undefined) plain.push(checkModel(callOfLine(line)));
    else if (line.type === 'call') ended.set(line.callId ?? Symbol('call'), checkModel(callOfEvent(line)));
    else if (line.type === 'attempt') addAttempt(line);
    // Other events say nothing of when a call came.
  }

  function addAttempt(line: Fields): void {
    const id = line.callId ?? Symbol('call');
    const call = checkModel(callOfAttempt(line));
    const earlier = tried.get(id);
    tried.set(id, { ...earlier, ...call, at: Math.min(call.at, earlier?.at ?? Infinity) });
  }

  function checkModel(call: LoggedCall): LoggedCall {
    if (models === undefined || call.model === undefined || models.includes(call.model)) return call;
    const hint = nearest(call.model, models);
    throw new Error(
      `no model is called '${call.model}'; ${hint ? `did you mean '${hint}'?` : `known are ${models.join(', ')}`}`,
    );
  }

  return {
    add,
    /** A call that told of its end is not also counted by its attempts. */
    calls: () => [...plain, ...new Map([...tried, ...ended]).values()],
  };
}

function parsed(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`expected JSON: ${wordsOf(error)}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(
      `expected an object such as {"at":1767225600000,"outputTokens":120}, got ${text.slice(0, 40)}`,
    );
  return value as Fields;
}

function callOfLine(line: Fields): LoggedCall {
  const { stream, totalMs } = line;
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean')
    throw new Error(`stream: expected true or false, got ${JSON.stringify(stream)}`);
  return {
    at: instant(line.at, 'at'),
    ...named(line.model),
    ...count(line.inputTokens, 'inputTokens'),
    ...count(line.outputTokens, 'outputTokens'),
    ...(typeof stream === 'boolean' ? { streamed: stream } : {}),
    ...(totalMs == null ? {} : { deadlineMs: positive(totalMs, 'totalMs') }),
  };
}

/** The event tells of the end; the call came `durationMs` before. */
function callOfEvent(line: Fields): LoggedCall {
  const durationMs = line.durationMs ?? 0;
  if (typeof durationMs !== 'number') throw new Error('durationMs: expected a number');
  return {
    at: instant(line.at, 'at') - durationMs,
    ...named(line.model),
    ...tokensOf(line.usage),
    ...(typeof line.stream === 'boolean' ? { streamed: line.stream } : {}),
  };
}

function callOfAttempt(line: Fields): LoggedCall {
  const { startedAt, usage } = (line.attempt ?? {}) as { startedAt?: unknown; usage?: unknown };
  return { at: instant(startedAt, 'attempt.startedAt'), ...named(line.model), ...tokensOf(usage) };
}

function tokensOf(usage: unknown): Pick<LoggedCall, 'inputTokens' | 'outputTokens'> {
  const { inputTokens, outputTokens } = (usage ?? {}) as Fields;
  return { ...count(inputTokens, 'usage.inputTokens'), ...count(outputTokens, 'usage.outputTokens') };
}

function instant(value: unknown, name: string): number {
  const at = typeof value === 'string' ? Date.parse(value) : value;
  if (typeof at === 'number' && Number.isFinite(at)) return at;
  const got = value === undefined ? 'nothing' : JSON.stringify(value);
  throw new Error(`${name}: expected epoch milliseconds or an ISO date, got ${got}`);
}

function named(model: unknown): Pick<LoggedCall, 'model'> {
  if (model == null) return {};
  if (typeof model !== 'string') throw new Error(`model: expected a name, got ${JSON.stringify(model)}`);
  return { model };
}

function count<Name extends string>(
  value: unknown,
  path: Name,
): { inputTokens?: number; outputTokens?: number } {
  if (value == null) return {};
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
    throw new Error(`${path}: expected a number ≥ 0, got ${JSON.stringify(value)}`);
  return { [path.replace('usage.', '')]: Math.round(value) };
}

function positive(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw new Error(`${path}: expected a number > 0, got ${JSON.stringify(value)}`);
}
