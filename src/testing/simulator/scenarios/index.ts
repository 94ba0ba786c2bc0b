import type { Scenario } from '../scenario.ts';
import { limits } from './limits.ts';
import { outages } from './outages.ts';
import { replies } from './replies.ts';
import { slowness } from './slowness.ts';

const all = { ...outages, ...slowness, ...limits, ...replies };

/** The names of the scenarios: their number in the list of failures, and the variant. */
export type ScenarioName = keyof typeof all;

/** Ways in which providers fail, each with what a router must make of it. */
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = all;

/** In the order of their numbers. */
export const scenarioNames = (Object.keys(all) as ScenarioName[]).sort((one, other) =>
  one.localeCompare(other, 'en', { numeric: true }),
);
