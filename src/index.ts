export { createRouter, type Router, type RoutePlan } from './router.ts';
export type { Health, ModelHealth } from './lineup.ts';
export type { ProbeResult } from './probe.ts';
export type {
  CallOptions,
  ModelOptions,
  ProbeOptions,
  RetryOptions,
  RouterOptions,
  SharedOptions,
  HedgeOptions,
  StreamOptions,
  Target,
  TargetLimits,
  Timeouts,
  TransportOption,
} from './options.ts';
export { logTo, type LogSink } from './log-to.ts';

export {
  isRouterError,
  RouterError,
  type PartialCompletion,
  type Problem,
  type PublicError,
  type RouterErrorCode,
} from './core/errors.ts';
export type { Failure, FailureKind, FailurePermit, Feature } from './core/failure.ts';
export { failureRules, type FailureRule } from './core/failure.ts';
export type {
  Attempt,
  Completion,
  FinishReason,
  Segment,
  StreamEvent,
  TargetInfo,
  ToolCall,
  Transport,
  Usage,
} from './core/completion.ts';
export type { BreakerState, Observer, Rejection, RouterEvent } from './core/events.ts';
export type {
  AssistantMessage,
  AssistantPart,
  BinaryData,
  CompletionRequest,
  FilePart,
  ImagePart,
  InferObject,
  JsonSchema,
  Message,
  Part,
  ProviderState,
  Reasoning,
  ReasoningEffort,
  ReasoningPart,
  RequestSettings,
  Requirements,
  Schema,
  StandardSchema,
  SystemMessage,
  TextPart,
  Tool,
  ToolCallPart,
  ToolChoice,
  ToolMessage,
  ToolResultPart,
  UserMessage,
  UserPart,
} from './core/request.ts';
export type { Price } from './core/price.ts';
export { systemRuntime, type Runtime } from './core/runtime.ts';
export type { CompletionStream, ResponseOptions } from './execution/stream.ts';
export type { TargetSnapshot, LatencySnapshot } from './health/target-health.ts';
export { failureError } from './providers/failure.ts';
export type {
  Provider,
  ProviderCall,
  ProviderEvent,
  ProviderRequest,
  ProviderTool,
  Supports,
  VendorLimits,
} from './providers/provider.ts';
export type { Candidate } from './routing/candidate.ts';
export {
  cheapest,
  fastest,
  inOrder,
  leastBusy,
  weighted,
  type Strategy,
  type StrategyContext,
  type StrategyName,
} from './routing/strategies.ts';
