/** A copy without the fields whose value is undefined: undefined is the same as absent, and must not win a merge. */
export function stated<T extends object>(value: T): T;
export function stated<T extends object>(value: T | undefined): Partial<T>;
export function stated(value: object = {}): object {
  const copy: Record<string, unknown> = {};
  // A plain loop: this runs several times for each call.
  for (const [key, field] of Object.entries(value)) if (field !== undefined) copy[key] = field;
  return copy;
}

/** A copy as plain JSON, without what is undefined. */
export function plainCopy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plainCopy) as T;
  return Object.fromEntries(
    Object.entries(stated(value)).map(([key, field]) => [key, plainCopy(field)]),
  ) as T;
}
