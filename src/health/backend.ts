import type { BreakerState, RouterEvent } from '../core/events.ts';
import type { Feature } from '../core/failure.ts';
import type { Runtime } from '../core/runtime.ts';
import { tellBreaker, tellLearned, type Subject } from './announcements.ts';
import { enter, type BackendPass } from './backend-pass.ts';
import { createBreaker, type Breaker } from './breaker.ts';
import { createCoolDown } from './cooldown.ts';
import type { EvidenceRule } from './evidence.ts';
import { createIndifference } from './indifference.ts';
import { createLearnt, type Learnt } from './learnt.ts';
import { createLockout } from './lockout.ts';
import type { ProviderScope } from './provider-scope.ts';
import { createRamp } from './ramp.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import { changed, type ScopeMember } from './scope-members.ts';
import type { ShareTold } from './share-told.ts';
import type { TargetRef } from './target-health.ts';
import type { Throttle } from './throttle.ts';
import { createVendorAllowance, type VendorAllowance } from './vendor-limits.ts';

/** What all targets of one provider object and model learn together. */
export interface Backend extends Throttle, ScopeMember {
  readonly provider: string;
  readonly model: string;
  readonly breaker: Breaker;
  /** What it has in common with the other models of its provider object. */
  readonly scope: ProviderScope;
  readonly vendor: VendorAllowance;
  readonly learnt: Learnt;
  /** The ids of its targets. */
  readonly targets: Set<string>;
  /** Called when anything changes that a view shows, but for what time and the key's version change. */
  readonly watchers: Set<() => void>;
  /** Undefined where breaker, cool-down or lockout keep the attempt away. */
  enter(
    now: number,
    options: { readonly lastResort: boolean; readonly tokens: number },
  ): BackendPass | undefined;
  /** When an attempt entered last; -Infinity: never. */
  askedAt(): number;
  needsProbe(now: number): boolean;
  learn(feature: Feature, now: number): void;
  /** Ends lockout and cool-down and lets an open breaker be probed. */
  invite(now: number): void;
  clearLockout(): void;
}

export interface BackendOptions {
  readonly runtime: Runtime;
  readonly emit: (event: RouterEvent) => void;
  readonly evidence: EvidenceRule;
  readonly scope: ProviderScope;
}

/** What an attempt's way through it changes. */
export interface BackendMemory extends Backend, Subject, ShareTold {
  readonly targets: Set<string>;
  enteredAt: number;
  readonly refusals: Refusals;
  /** Whether the vendor's limits were near when that was last looked at. */
  wasNear: boolean;
}

export function createBackend(ref: TargetRef, { runtime, emit, evidence, scope }: BackendOptions): Backend {
  const memory: BackendMemory = {
    provider: ref.provider.name,
    model: ref.model,
    breaker: createBreaker({
      runtime,
      evidence: evidence(),
      strictness: (now) => scope.strictness(memory, now),
      onChange(change) {
        changed(memory);
        if (change.to === 'open' && !isOut(change.from) && !change.isOwn) scope.opened(memory, change.at);
        tellBreaker(memory, change);
      },
    }),
    coolDown: createCoolDown(runtime),
    lockout: createLockout(() => ref.provider.keyVersion?.()),
    ramp: createRamp(),
    indifference: createIndifference(),
    vendor: createVendorAllowance(),
    toldShare: 1,
    wasNear: false,
    scope,
    refusals: createRefusals(),
    learnt: createLearnt(runtime),
    targets: new Set(),
    watchers: new Set(),
    emit,
    enteredAt: -Infinity,
    enter: (now, options) => enter(memory, now, options),
    askedAt: () => memory.enteredAt,
    needsProbe: (now) =>
      isOut(memory.breaker.state(now)) || [memory.lockout, scope.key, scope.host].some((one) => one.kind()),
    learn: (feature, now) => learn(memory, feature, now),
    invite: (now) => invite(memory, now),
    inviteBreaker: (now, reason) => memory.breaker.invite(now, reason),
    clearLockout() {
      memory.lockout.clear();
      scope.clearKey();
    },
  };
  scope.join(memory);
  return memory;
}

function isOut(state: BreakerState): boolean {
  return state === 'open' || state === 'half-open';
}

function learn(memory: BackendMemory, feature: Feature, at: number): void {
  if (!memory.learnt.learn(feature)) return;
  changed(memory);
  tellLearned(memory, feature, at);
}

function invite(memory: BackendMemory, now: number): void {
  const { lockout, coolDown, ramp, indifference, vendor, breaker, scope } = memory;
  scope.invite(memory, now);
  lockout.clear();
  coolDown.clear();
  ramp.clear();
  indifference.clear();
  vendor.clear();
  breaker.invite(now, 'enabled');
}
