/**
 * Prints one plain line when a test run has ended: `N passed, N failed`, and `, N skipped` where some were.
 * A file that could not be loaded counts as one failure: nothing in it ran.
 */
export default class ClosingLineReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[outcomeOf(test)] += 1;
      if (module.state() === 'failed' && module.errors().length > 0) count.failed += 1;
    }
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
    // The default reporter writes its summary in the same turn; this line has to come after it.
    process.on('exit', () =>
      process.stdout.write(`\n${count.passed} passed, ${count.failed} failed${skipped}\n`),
    );
  }
}

function outcomeOf(test) {
  const { state } = test.result();
  return state === 'passed' || state === 'failed' ? state : 'skipped';
}
