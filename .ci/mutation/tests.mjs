/** The tests that say what health, routing and execution have to do. */
export const rooms = ['routing', 'execution', 'health', 'router', 'behaviour', 'invariants'];

/** About providers, over sockets or real clients, or of many calls: slow. */
export const excludedFiles = [
  'any-split.test.ts',
  'faults.test.ts',
  'switching-providers.test.ts',
  'in-a-browser.test.ts',
  'fairness.property.test.ts',
];

/** They measure what much of something costs. */
export const excludedTests =
  /two million events|one of more events than permitted|no longer for a long text than it must|a thousand of them leave nothing behind/;
