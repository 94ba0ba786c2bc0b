export { anthropicEmulator, type AnthropicEmulatorOptions } from './emulators/anthropic.ts';
export { openaiEmulator, type OpenAIEmulatorOptions } from './emulators/openai.ts';
export {
  manualRuntime,
  type ManualRuntime,
  type ManualRuntimeOptions,
  type RunOptions,
} from './manual-runtime.ts';
export type { Emulator, EmulatorCounters, EmulatorOptions } from './emulators/server.ts';
export type { RecordedRequest } from './emulators/record.ts';
export type {
  Fault,
  FaultName,
  FaultSchedule,
  Garbage,
  RequestFault,
  RetryHint,
} from './emulators/faults.ts';
export type { Reply, ReplyRequest, ReplySource } from './emulators/reply.ts';
export type { VendorErrorKind, WireRequest } from './emulators/dialect.ts';
export { ollamaEmulator, type OllamaAbilities, type OllamaEmulatorOptions } from './emulators/ollama.ts';
export {
  scriptedProvider,
  type Script,
  type ScriptedCall,
  type ScriptedProvider,
  type ScriptedProviderOptions,
  type ScriptOutcome,
  type ScriptSource,
  type ScriptStep,
} from './scripted-provider.ts';
export { withFaults, type FaultOptions, type FaultSwitch } from './with-faults.ts';
export type { FaultPlan, ProviderFault } from './fault-plan.ts';
export type { FailureInput } from './staged-failure.ts';
export {
  conformance,
  type ConformanceOptions,
  type ConformanceScenario,
  type ConformanceStage,
  type MakeProvider,
  type RegisterTest,
} from './conformance.ts';
export { geminiEmulator } from './emulators/gemini.ts';
export {
  baselines,
  metricMeanings,
  profiles,
  scenarios,
  simulate,
  yearOfIncidents,
  type AttemptRecord,
  type CallRecord,
  type CastMember,
  type ChangeRecord,
  type Effect as SimulatedEffect,
  type Fault as SimulatedFault,
  type FaultTime,
  type GarbageForm,
  type HealthSample,
  type LineResult,
  type MakeSimulatedRouter,
  type MetricName,
  type Metrics,
  type PassLine,
  type PlannedCall,
  type ProfileName,
  type ProviderProfile,
  type RecordedCall,
  type Refusal,
  type RunRecord,
  type Scenario,
  type ScenarioName,
  type SimulatedCallOptions,
  type SimulatedHealth,
  type SimulatedOptions,
  type SimulatedParts,
  type SimulatedProvider,
  type SimulatedRequest,
  type SimulatedRouter,
  type SimulatedTarget,
  type SimulatedTargetOptions,
  type SimulatedTargetSpec,
  type SimulateOptions,
  type SimulationReport,
  type TimelineEntry,
  type Traffic,
  type UsualErrors,
  type YearOptions,
} from './simulator/index.ts';
