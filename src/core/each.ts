/** A table with the same entry under each of these words, which spaces divide. */
export function each<Entry>(words: string, entry: Entry): Record<string, Entry> {
  return Object.fromEntries(words.split(' ').map((word) => [word, entry]));
}
