/**
 * `undefined` is the same as absent, also for hosts that compile with `exactOptionalPropertyTypes`: nothing that they may
 * leave out refuses it. Compiled against what was built, as those hosts do.
 */
import type {
  CallOptions,
  CompletionRequest,
  Failure,
  Message,
  Price,
  Provider,
  ProviderCall,
  ProviderEvent,
  ResponseOptions,
  Router,
  RouterOptions,
  Target,
} from 'failsoft';
import type { AnthropicOptions } from 'failsoft/anthropic';
import type { GoogleOptions } from 'failsoft/google';
import type { OllamaOptions } from 'failsoft/ollama';
import type { ExpiringKey, OpenAIOptions } from 'failsoft/openai';
import type {
  AnthropicEmulatorOptions,
  ConformanceOptions,
  EmulatorOptions,
  Fault,
  FaultOptions,
  ManualRuntimeOptions,
  OllamaEmulatorOptions,
  OpenAIEmulatorOptions,
  ProviderFault,
  Reply,
  RunOptions,
  Scenario,
  ScriptedProviderOptions,
  ScriptStep,
  SimulateOptions,
  YearOptions,
} from 'failsoft/testing';

/** The paths of optional fields, down to some depth, that refuse an explicit `undefined`. */
type Refusing<T, Depth extends unknown[] = []> = Depth['length'] extends 7
  ? never
  : T extends Opaque
    ? never
    : T extends readonly (infer Item)[]
      ? Refusing<Item, [...Depth, 0]>
      : T extends object
        ? { [Key in keyof T & string]-?: RefusingField<T, Key, Depth> }[keyof T & string]
        : never;
type RefusingField<T, Key extends keyof T & string, Depth extends unknown[]> =
  | (IsOptional<T, Key> extends true ? (undefined extends Required<T>[Key] ? never : Key) : never)
  | `${Key}.${Refusing<NonNullable<T[Key]>, [...Depth, 0]>}`;
type IsOptional<T, Key extends keyof T> = string extends Key
  ? false
  : Record<never, never> extends Pick<T, Key>
    ? true
    : false;
/** What is not made of fields, or is not ours: functions, a vendor's client, a schema of another library. */
type Opaque =
  | string
  | number
  | boolean
  | null
  | undefined
  | ((...args: never[]) => unknown)
  | AbortSignal
  | Uint8Array
  | Date
  | RegExp
  | ReadonlySet<unknown>
  | { readonly '~standard': unknown };
/** An error names the paths. */
declare function refusing<T>(paths: [Refusing<T>] extends [never] ? 'none' : Refusing<T>): void;

// The check finds what it is there to find.
// @ts-expect-error `a` refuses undefined
refusing<{ readonly a?: number }>('none');
// @ts-expect-error so does `b.c`
refusing<{ readonly b?: readonly { c?: string }[] | undefined }>('none');
refusing<{ readonly a?: number | undefined }>('none');

refusing<RouterOptions>('none');
refusing<CallOptions>('none');
refusing<CompletionRequest>('none');
refusing<Message>('none');
refusing<Target>('none');
refusing<Price>('none');
refusing<ResponseOptions>('none');
refusing<Parameters<Router['close']>[0]>('none');
refusing<Parameters<Router['disable']>[1]>('none');
refusing<Parameters<Router['rotate']>[2]>('none');

refusing<Provider>('none');
refusing<ProviderCall>('none');
refusing<ProviderEvent>('none');
refusing<Failure>('none');
refusing<Settings<OpenAIOptions>>('none');
refusing<Settings<AnthropicOptions>>('none');
refusing<Settings<GoogleOptions>>('none');
refusing<Settings<OllamaOptions>>('none');
refusing<ExpiringKey>('none');
/** The client is the vendor's. */
type Settings<T> = T extends unknown ? Omit<T, 'client'> : never;

refusing<EmulatorOptions>('none');
refusing<OpenAIEmulatorOptions>('none');
refusing<AnthropicEmulatorOptions>('none');
refusing<OllamaEmulatorOptions>('none');
refusing<Fault>('none');
refusing<Reply>('none');
refusing<ManualRuntimeOptions>('none');
refusing<RunOptions>('none');
refusing<ScriptedProviderOptions>('none');
refusing<ScriptStep>('none');
refusing<FaultOptions>('none');
refusing<ProviderFault>('none');
refusing<ConformanceOptions>('none');
refusing<SimulateOptions>('none');
refusing<Scenario>('none');
refusing<YearOptions>('none');
