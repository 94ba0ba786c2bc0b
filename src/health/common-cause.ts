import type { Verdict } from './track-record.ts';

/** Models of one provider that go down within so long of one another perhaps do so for the same reason. */
const togetherMs = 30_000;
/** So many of them. */
const fewest = 2;
/** A failure of another one counts for so many at first, */
const strictest = 3;
/** and as one again after so long, */
const lastsMs = 60_000;
/** or after so many answers of its own in a row. */
const answersThatClear = 10;

/**
 * Whether several models of one provider went down together. What others do takes nobody out of use; it makes a failure of its
 * own weigh more for a while.
 */
export interface CommonCause<Member> {
  /** A member that was in use was taken out of it. */
  opened(member: Member, now: number): void;
  ended(member: Member, how: Verdict['kind']): void;
  /** How many ordinary failures one of this member counts for. */
  strictness(member: Member, now: number): number;
  forget(member: Member): void;
}

export function createCommonCause<Member>(): CommonCause<Member> {
  const openedAt = new Map<Member, number>();
  /** Answers in a row of each, since it is suspected. */
  const answers = new Map<Member, number>();
  let since = -Infinity;

  /** From 1 to 0. */
  function suspicion(now: number): number {
    const agoMs = now - since;
    // A clock that was set back ends it.
    return agoMs < 0 || agoMs >= lastsMs ? 0 : 1 - agoMs / lastsMs;
  }

  return {
    opened(member, now) {
      openedAt.set(member, now);
      const together = [...openedAt.values()].filter((at) => Math.abs(now - at) <= togetherMs);
      if (together.length < fewest) return;
      since = now;
      answers.clear();
    },
    ended(member, how) {
      const inARow = answers.get(member) ?? 0;
      if (since === -Infinity || inARow >= answersThatClear) return;
      if (how === 'success') answers.set(member, inARow + 1);
      else if (how === 'failure' || how === 'slow') answers.delete(member);
    },
    strictness(member, now) {
      const level = suspicion(now);
      if (level === 0 || (answers.get(member) ?? 0) >= answersThatClear) return 1;
      return 1 + (strictest - 1) * level;
    },
    forget(member) {
      openedAt.delete(member);
      answers.delete(member);
    },
  };
}
