/** Fails a check in words that say what was expected. Own checks, so that any test runner will do. */
export function assert(condition: unknown, expectation: string): asserts condition {
  if (!condition) throw new Error(`conformance: ${expectation}`);
}

/** Compares plain data. */
export function assertEqual(actual: unknown, expected: unknown, what: string): void {
  const [got, wanted] = [written(actual), written(expected)];
  assert(got === wanted, `${what}: expected ${wanted}, got ${got}`);
}

function written(value: unknown): string {
  return value === undefined ? 'undefined' : JSON.stringify(value);
}
