import type { StreamEvent, TargetInfo } from '../core/completion.ts';
import type { Failure } from '../core/failure.ts';
import type { Runtime } from '../core/runtime.ts';
import type { ProviderEvent } from '../providers/provider.ts';
import { createGate, type HoldSettings } from './gate.ts';

/** Who sees a stream. */
export interface Reader {
  push(event: StreamEvent): void;
  /** Whether what was shown can still be taken back: a reader of bare text cannot be told that it is void. */
  canTakeBack(): boolean;
}

export interface ShowSettings extends HoldSettings {
  readonly reasoning: 'held' | 'live';
}

/**
 * What a reader sees of a call's attempts, up to and after the commit point. Text and tool calls commit; reasoning is
 * held until then, unless it is asked for live: then a failover after it voids what was shown by a `restart`. Blanks
 * before the first word commit nothing: an answer of blanks alone is none. With `holdMs` or `holdTokens` the first
 * moments of an answer are held as well, and commit when the time is over and there is enough of it.
 */
export interface Show {
  /** Whether text or a tool call of this attempt was shown, so that another answer cannot take its place unseen. */
  readonly committed: boolean;
  readonly canTakeBack: boolean;
  /** `goesOn`: with what was shown before, so that the reader is told nothing. */
  begin(target: TargetInfo, goesOn: boolean): void;
  /** The attempt that was to go on answers anew: what was shown is void. */
  restart(): void;
  accept(event: ProviderEvent): void;
  /** The attempt has failed: what it held is dropped. */
  drop(failure: Failure): void;
  /** The attempt has answered, perhaps without committing: what it held is shown. */
  settle(): void;
}

export function createShow(reader: Reader, settings: ShowSettings, runtime: Runtime): Show {
  const desk = createDesk(reader);
  let committed = false;
  let gate = createGate(settings, runtime, open);

  function open(): void {
    desk.announce();
    committed = true;
  }

  function commit(event: StreamEvent, characters: number): void {
    if (committed || !gate.holds(characters)) open();
    desk.show(event);
  }

  function acceptText(text: string): void {
    if (text === '') return;
    if (committed || text.trim() !== '') commit({ type: 'text', text }, text.length);
    else desk.show({ type: 'text', text });
  }

  function acceptReasoning(text: string): void {
    if (text === '') return;
    if (settings.reasoning === 'live') desk.announce();
    desk.show({ type: 'reasoning', text });
  }

  return {
    get committed() {
      return committed;
    },
    get canTakeBack() {
      return reader.canTakeBack();
    },
    begin(target, goesOn) {
      desk.begin(target, goesOn);
      committed &&= goesOn;
      gate.stop();
      gate = createGate(settings, runtime, open);
    },
    restart() {
      desk.restart();
      committed = false;
    },
    accept(event) {
      if (event.type === 'text') acceptText(event.text);
      else if (event.type === 'reasoning') acceptReasoning(event.text);
      else if (event.type === 'tool-call-delta') commit(event, event.delta.length);
      else if (event.type === 'tool-call') {
        const { type, id, name, arguments: input } = event;
        commit({ type, id, name, arguments: input }, 0);
      }
    },
    drop(failure) {
      gate.stop();
      desk.drop(failure);
    },
    settle() {
      gate.stop();
      desk.announce();
    },
  };
}

/** Where events wait until the reader is told whose they are. */
interface Desk {
  begin(target: TargetInfo, goesOn: boolean): void;
  restart(): void;
  /** Tells the reader who answers, and what waited. */
  announce(): void;
  /** Shows an event where the reader knows whose it is; else it waits. */
  show(event: StreamEvent): void;
  drop(failure: Failure): void;
}

function createDesk(reader: Reader): Desk {
  let target: TargetInfo | undefined;
  let announced = false;
  /** The failure after which something shown is void. */
  let voided: Failure | undefined;
  let held: StreamEvent[] = [];
  return {
    begin(next, goesOn) {
      target = next;
      announced &&= goesOn;
      held = [];
    },
    restart() {
      announced = false;
    },
    announce() {
      if (announced || !target) return;
      announced = true;
      reader.push(voided ? { type: 'restart', target, failure: voided } : { type: 'start', target });
      for (const event of held) reader.push(event);
      held = [];
    },
    show(event) {
      if (announced) reader.push(event);
      else held.push(event);
    },
    drop(failure) {
      held = [];
      if (announced) voided = failure;
    },
  };
}
