import { expect, it } from 'vitest';
import * as anthropic from 'failsoft/anthropic';
import * as google from 'failsoft/google';
import * as ollama from 'failsoft/ollama';
import * as openai from 'failsoft/openai';
import * as failsoft from 'failsoft';
import * as testing from 'failsoft/testing';

const names = (module: object): string[] => Object.keys(module).sort();

it('the values that each entry point exports are these, and no others by accident', () => {
  expect(names(failsoft)).toEqual([
    'RouterError',
    'cheapest',
    'createRouter',
    'failureError',
    'failureRules',
    'fastest',
    'inOrder',
    'isRouterError',
    'leastBusy',
    'logTo',
    'systemRuntime',
    'weighted',
  ]);
  expect(names(openai)).toEqual(['openai']);
  expect(names(anthropic)).toEqual(['anthropic']);
  expect(names(google)).toEqual(['google']);
  expect(names(ollama)).toEqual(['ollama']);
  expect(names(testing)).toEqual([
    'anthropicEmulator',
    'baselines',
    'conformance',
    'geminiEmulator',
    'manualRuntime',
    'metricMeanings',
    'ollamaEmulator',
    'openaiEmulator',
    'profiles',
    'scenarios',
    'scriptedProvider',
    'simulate',
    'withFaults',
    'yearOfIncidents',
  ]);
});
