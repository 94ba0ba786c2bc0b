import type { StreamEvent, TargetInfo } from '../core/completion.ts';
import type { Failure } from '../core/failure.ts';
import type { ProviderEvent } from '../providers/provider.ts';

/**
 * What a reader sees of a call's attempts, up to and after the commit point. Text and tool calls commit; reasoning is
 * held until then, unless it is asked for live: then a failover after it voids what was shown by a `restart`. Blanks
 * before the first word commit nothing: an answer of blanks alone is none.
 */
export interface Show {
  /** Whether text or a tool call was shown, so that another target's answer can no longer take its place unseen. */
  readonly committed: boolean;
  begin(target: TargetInfo): void;
  accept(event: ProviderEvent): void;
  /** The attempt has failed: what it held is dropped. */
  drop(failure: Failure): void;
  /** The attempt has answered, perhaps without committing: what it held is shown. */
  settle(): void;
}

/** `push` hands an event to the reader. */
export function createShow(push: (event: StreamEvent) => void, reasoning: 'held' | 'live'): Show {
  let target: TargetInfo | undefined;
  let committed = false;
  /** Whether the reader was told of the present attempt. */
  let announced = false;
  /** The failure after which something shown is void. */
  let voided: Failure | undefined;
  let held: StreamEvent[] = [];

  function announce(): void {
    if (announced || !target) return;
    announced = true;
    push(voided ? { type: 'restart', target, failure: voided } : { type: 'start', target });
    for (const event of held) push(event);
    held = [];
  }

  function commit(event: StreamEvent): void {
    announce();
    committed = true;
    push(event);
  }

  function hold(event: StreamEvent): void {
    if (announced) push(event);
    else held.push(event);
  }

  return {
    get committed() {
      return committed;
    },
    begin(next) {
      target = next;
      announced = false;
      held = [];
    },
    accept(event) {
      switch (event.type) {
        case 'text':
          if (event.text === '') return;
          if (committed || event.text.trim() !== '') commit({ type: 'text', text: event.text });
          else hold({ type: 'text', text: event.text });
          return;
        case 'reasoning':
          if (event.text === '') return;
          if (reasoning === 'live') announce();
          hold({ type: 'reasoning', text: event.text });
          return;
        case 'tool-call-delta':
          commit({ type: 'tool-call-delta', id: event.id, name: event.name, delta: event.delta });
          return;
        case 'tool-call':
          commit({ type: 'tool-call', id: event.id, name: event.name, arguments: event.arguments });
          return;
        default:
      }
    },
    drop(failure) {
      held = [];
      if (announced) voided = failure;
    },
    settle: announce,
  };
}
