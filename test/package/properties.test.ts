import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Up to this length fast-check makes of itself. */
const usualLength = 9;

describe('a property', () => {
  it('is given cases as long as it names: of themselves they stay at ten steps, whatever maxLength says', () => {
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.ts$/.test(name),
    );
    const short = files.flatMap((name) =>
      [
        ...readFileSync(join(root, name), 'utf8').matchAll(
          /\{[^{}]*\bmax(?:Length|Commands): *(\d+)[^{}]*\}/g,
        ),
      ]
        .filter(([options, length]) => Number(length) > usualLength && !/\bsize:/.test(options))
        .map(([options]) => `${name}: ${options}`),
    );
    expect(files.length).toBeGreaterThan(100);
    expect(short).toEqual([]);
  });
});
