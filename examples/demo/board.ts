import type { Failure, Router, RouterEvent } from 'failsoft';
import type { Name } from './phases.ts';

/** One target, as the table shows it. */
export interface Row {
  readonly name: Name;
  /** `closed`, `open`, …, or what else keeps it out of use. */
  readonly state: string;
  /** Of the answers given lately, from 0 to 1. */
  readonly share: number;
  readonly firstTokenMs: number | undefined;
  readonly inFlight: number;
  readonly errors: number;
  readonly lastFailure: string;
}

/** What is to be seen of the router from outside: its events, and its health. */
export interface Board {
  readonly observe: (event: RouterEvent) => void;
  /** What it decided, newest last. */
  readonly decisions: readonly string[];
  /** Answers in all, by target. */
  readonly answers: Readonly<Record<Name, number>>;
  rows(router: Router): Row[];
}

const names: readonly Name[] = ['gpt', 'claude', 'gemini', 'local'];
/** How far back the share of answers looks. */
const latelyMs = 20_000;

export function createBoard(onDecision: (decision: string) => void): Board {
  const errors = new Map<string, { count: number; last: Failure }>();
  const answers = { gpt: 0, claude: 0, gemini: 0, local: 0 };
  const decisions: string[] = [];
  let lately: { readonly at: number; readonly target: string }[] = [];

  function observe(event: RouterEvent): void {
    if (event.type === 'attempt' && event.attempt.failure && event.attempt.decision !== 'cut') {
      const { target, failure } = event.attempt;
      errors.set(target, { count: (errors.get(target)?.count ?? 0) + 1, last: failure });
    }
    if (event.type === 'call' && event.target && event.outcome === 'answer') {
      answers[event.target as Name] += 1;
      lately.push({ at: event.at, target: event.target });
    }
    const decision = describe(event);
    if (decision === undefined) return;
    decisions.push(decision);
    onDecision(decision);
  }

  return {
    observe,
    decisions,
    answers,
    rows(router) {
      const { at, targets } = router.health();
      lately = lately.filter((answer) => answer.at > at - latelyMs);
      return names.map((name) => {
        const health = targets[name];
        const failed = errors.get(name);
        return {
          name,
          state: health?.coolingUntil === undefined ? (health?.breaker ?? '') : 'cooling down',
          share: lately.filter(({ target }) => target === name).length / (lately.length || 1),
          firstTokenMs: health?.firstToken?.p50Ms,
          inFlight: health?.inFlight ?? 0,
          errors: failed?.count ?? 0,
          lastFailure: failed ? `${failed.last.kind}: ${failed.last.message}` : '',
        };
      });
    },
  };
}

/** The decisions worth a line; a probe that is sent is none yet. */
function describe(event: RouterEvent): string | undefined {
  if (event.type === 'limit') {
    return `${event.targets.join()} is left alone for ${seconds(event.until - event.at)} (${event.kind})`;
  }
  if (event.type !== 'breaker' || event.to === 'half-open') return undefined;
  const until = event.openUntil === undefined ? '' : ` for ${seconds(event.openUntil - event.at)}`;
  return `breaker of ${event.targets.join()}: ${event.to}${until} (${event.reason})`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
