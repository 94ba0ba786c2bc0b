import { describe, expect, it } from 'vitest';
import { createAdmissions } from '../../src/health/admissions.ts';

describe('what became of the latest requests', () => {
  it('is told in the order of their sending, not of their answers', () => {
    const admissions = createAdmissions();
    const [first, second, third] = [0, 10, 20].map((at) => admissions.sent(at)) as [number, number, number];
    admissions.settle(third, 'refused');
    admissions.settle(first, 'accepted');
    admissions.settle(second, 'refused');
    expect(admissions.tally(second, 60)).toMatchObject({
      accepted: 1,
      refused: 2,
      row: 2,
      spanMs: 60,
      latest: third,
    });
    admissions.settle(admissions.sent(70), 'accepted');
    admissions.settle(admissions.sent(80), 'refused');
    expect(admissions.tally(4, 90)).toMatchObject({ accepted: 2, refused: 3, row: 1, mixed: true });
  });

  it('takes who waits far longer than a refusal takes as let in', () => {
    const admissions = createAdmissions();
    admissions.sent(0);
    const quick = admissions.sent(300);
    admissions.settle(quick, 'refused');
    expect(admissions.tally(quick, 350)).toMatchObject({ accepted: 1, open: 0 });
    const slow = admissions.sent(360);
    admissions.settle(slow, 'refused');
    expect(admissions.tally(slow, 660)).toMatchObject({ accepted: 1, row: 2 });
    expect(admissions.tally(slow, 860)).toMatchObject({ accepted: 0, open: 1 });
  });

  it('is forgotten after five seconds, and where the clock was set back', () => {
    const admissions = createAdmissions();
    admissions.settle(admissions.sent(10_000), 'accepted');
    expect(admissions.tally(0, 15_000).accepted).toBe(1);
    expect(admissions.tally(0, 15_001).accepted).toBe(0);
    expect(admissions.tally(0, 9_999).accepted).toBe(0);
  });

  it('is that of 256 requests at most', () => {
    const admissions = createAdmissions();
    for (let number = 0; number < 300; number += 1) {
      admissions.sent(number / 10);
      if (number >= 40) admissions.settle(number - 40, 'accepted');
    }
    admissions.settle(0, 'refused');
    expect(admissions.tally(299, 30)).toMatchObject({ accepted: 216, open: 40, refused: 0 });
  });
});
