import type { RouterEvent } from '../core/events.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Tracker } from './target-health.ts';

export interface TrackerOptions {
  readonly runtime: Runtime;
  readonly emit: (event: RouterEvent) => void;
}

export declare function createTracker(options: TrackerOptions): Tracker;
