/** Where a command writes. */
export interface Terminal {
  readonly out: NodeJS.WriteStream;
  readonly err: NodeJS.WriteStream;
}

/** All is well; a pass line was missed; the command was used wrongly. */
export const exitCodes = { ok: 0, missed: 1, wrongUse: 2 } as const;
