/** Resolves with the promise or after the time, whichever is first. */
export async function withinTime(promise: Promise<void>, timeMs: number): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeMs);
  await Promise.race([promise, over]).finally(() => clearTimeout(timer));
}
