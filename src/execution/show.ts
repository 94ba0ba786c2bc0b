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
    desk.release();
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
    const event: StreamEvent = { type: 'reasoning', text };
    if (settings.reasoning === 'live') desk.showLive(event);
    else desk.show(event);
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
      desk.release();
    },
  };
}

/** Where events wait until they are let out to the reader, who is told before whose they are. */
interface Desk {
  begin(target: TargetInfo, goesOn: boolean): void;
  restart(): void;
  /** Lets out what waits, and from now on all that comes. */
  release(): void;
  /** Shows an event where all is let out; else it waits. */
  show(event: StreamEvent): void;
  /** Shows an event at once, unless something waits that comes before it. */
  showLive(event: StreamEvent): void;
  drop(failure: Failure): void;
}

function createDesk(reader: Reader): Desk {
  let target: TargetInfo | undefined;
  /** Whether the reader knows whose answer it is. */
  let announced = false;
  /** Whether all that comes is shown at once. */
  let released = false;
  /** The failure after which something shown is void. */
  let voided: Failure | undefined;
  let held: StreamEvent[] = [];

  function announce(): void {
    if (announced || !target) return;
    announced = true;
    reader.push(voided ? { type: 'restart', target, failure: voided } : { type: 'start', target });
  }

  return {
    begin(next, goesOn) {
      target = next;
      announced &&= goesOn;
      released &&= goesOn;
      held = [];
    },
    restart() {
      announced = false;
      released = false;
    },
    release() {
      if (released) return;
      released = true;
      announce();
      for (const event of held) reader.push(event);
      held = [];
    },
    show(event) {
      if (released) reader.push(event);
      else held.push(event);
    },
    showLive(event) {
      if (!released && held.length > 0) return void held.push(event);
      announce();
      reader.push(event);
    },
    drop(failure) {
      held = [];
      if (announced) voided = failure;
    },
  };
}
