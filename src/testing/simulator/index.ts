export { baselines, type MakeSimulatedRouter } from './baselines/index.ts';
export type { Effect, Fault, FaultTime, GarbageForm, Refusal } from './fault.ts';
export { yearOfIncidents, type YearOptions } from './incidents.ts';
export { metricMeanings, type MetricName, type Metrics } from './metrics/meanings.ts';
export type { SimulatedTargetSpec } from './cast.ts';
export { profiles, type ProfileName, type ProviderProfile, type UsualErrors } from './profiles.ts';
export type { AttemptRecord, CallRecord, ChangeRecord, RunRecord } from './record.ts';
export type { PassLine, Scenario, SimulatedOptions, SimulatedTargetOptions } from './scenario.ts';
export { scenarios, type ScenarioName } from './scenarios/index.ts';
export {
  simulate,
  type CastMember,
  type HealthSample,
  type LineResult,
  type SimulatedCallOptions,
  type SimulatedHealth,
  type SimulatedParts,
  type SimulatedRequest,
  type SimulatedRouter,
  type SimulatedTarget,
  type SimulateOptions,
  type SimulationReport,
} from './simulate.ts';
export type { TimelineEntry } from './timeline.ts';
export type { PlannedCall, RecordedCall, Traffic } from './traffic.ts';
export type { SimulatedProvider } from './vendor.ts';
