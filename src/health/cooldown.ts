import type { FailureKind } from '../core/failure.ts';
import type { Runtime } from '../core/runtime.ts';
import { doubled, isHeld, jittered, statedMs, type Hold, type HoldRequest } from './hold.ts';

const firstCoolDownMs = 1_000;
const longestCoolDownMs = 60_000;

/** Keeps calls away from what limits its rate. */
export interface CoolDown {
  heldAt(now: number): Hold | undefined;
  kind(): FailureKind | undefined;
  /** Marks when an attempt began: what it reports of an earlier time neither lengthens nor shortens what came later. */
  era(): number;
  /** Begins or lengthens; whether anything changed. Without a stated time the pause grows from limit to limit. */
  begin(request: HoldRequest, era: number): boolean;
  /** As stated by the vendor beside another failure: held, but no step of growth. */
  heed(request: HoldRequest): boolean;
  succeeded(era: number): void;
  clear(): void;
}

export function createCoolDown(runtime: Runtime): CoolDown {
  let hold: Hold | undefined;
  let kind: FailureKind | undefined;
  let era = 0;
  let steps = 0;

  function lengthen(request: HoldRequest, until: number): boolean {
    const held = isHeld(hold, request.now) ? hold : undefined;
    // Of two that overlap the later one wins, whichever came first.
    if (held && held.until >= until) return false;
    hold = { since: held?.since ?? request.now, until };
    kind = request.kind;
    era += 1;
    return true;
  }

  return {
    heldAt: (now) => (isHeld(hold, now) ? hold : undefined),
    kind: () => kind,
    era: () => era,
    begin(request, begun) {
      const { now } = request;
      const asStated = statedMs(request);
      // Attempts that were under way when the first of them was limited tell nothing new.
      if (asStated === undefined && begun !== era && isHeld(hold, now)) return false;
      const ms = asStated ?? jittered(doubled(firstCoolDownMs, steps, longestCoolDownMs), runtime.random());
      if (begun === era) steps += 1;
      return lengthen(request, now + ms);
    },
    heed(request) {
      const asStated = statedMs(request);
      return asStated !== undefined && lengthen(request, request.now + asStated);
    },
    succeeded(begun) {
      if (begun === era) steps = 0;
      // Answered between the last pause and this one, though the limit was told sooner: the pause was long enough for some.
      else if (begun === era - 1) steps = Math.min(steps, 1);
    },
    clear() {
      hold = undefined;
      kind = undefined;
      steps = 0;
      era += 1;
    },
  };
}
