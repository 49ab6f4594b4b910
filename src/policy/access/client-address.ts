/**
 * The address of a client behind so many trusted proxies, each of which has appended whom it was asked by: the entry of
 * `x-forwarded-for` that the first of them made. Whoever comes past them is known by the connection alone.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | null,
  trustedHops: number,
): string | undefined {
  if (trustedHops === 0 || forwardedFor === null) return peer;
  const addresses = forwardedFor.split(",");
  return addresses.at(-trustedHops)?.trim() || peer;
}
