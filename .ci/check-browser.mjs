// Says whether the tests had a browser to open the report in, so that nobody takes a skipped test for one that passed.
import { findBrowser } from '../test/support/browser.ts';

const browser = findBrowser();
if (browser) console.log(`the report was opened in ${browser}`);
else {
  console.log(
    'SKIPPED: the report was opened in no browser, since there is no Chromium and no Chrome on this machine.\n' +
      'Install one, or name it in CHROMIUM, and run test/cli/report.test.ts.',
  );
  if (process.env.FAILSOFT_BROWSER === 'required') process.exitCode = 1;
}
