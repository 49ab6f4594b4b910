/** Ports for programs that cannot be told to take any free one. */

/** Below the range that systems take outgoing ports from, so that nobody takes it before it is bound again. */
const first = 20_000;
const count = 12_000;

/** A port of all interfaces that is free now. */
export function freePort(): number {
  for (let tries = 0; tries < 100; tries++) {
    const port = first + Math.floor(Math.random() * count);
    if (isFree(port)) return port;
  }
  throw new Error("no free port found");
}

export function isFree(port: number): boolean {
  try {
    Bun.listen({ hostname: "0.0.0.0", port, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
}

/** Resolves when the port is free; throws with a sentence for people when it stays taken. */
export async function untilFree(port: number, limitMs = 20_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!isFree(port)) {
    if (performance.now() > deadline)
      throw new Error(`port ${port} is taken: stop the program that listens on it`);
    await Bun.sleep(100);
  }
}
