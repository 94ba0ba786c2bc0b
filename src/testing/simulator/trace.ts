/** Puts everything that happens into one number, so that two runs can be told apart, or told to be the same. */
export interface Trace {
  add(line: string): void;
  /** 16 hexadecimal digits. */
  hash(): string;
}

/** FNV-1a, twice with different starts. `onLine` sees each line as it comes. */
export function createTrace(onLine?: (line: string) => void): Trace {
  let one = 0x811c9dc5;
  let other = 0x01000193;
  return {
    add(line) {
      for (let index = 0; index < line.length; index += 1) {
        const code = line.charCodeAt(index);
        one = Math.imul(one ^ code, 0x01000193);
        other = Math.imul(other ^ code, 0x85ebca6b) ^ (other >>> 15);
      }
      onLine?.(line);
    },
    hash: () => hex(one) + hex(other),
  };
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
