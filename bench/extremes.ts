/** What is far from everyday: large bodies, and many streams at once. Times in milliseconds. */
import type { Gateway } from "../tests/support/gateway.ts";
import { path } from "./traffic.ts";

const largeBytes = 10 * 1024 * 1024;
const manyStreams = 500;

/** Several requests of 10 MB at once; the time of the slowest. */
export async function large({ url }: Gateway): Promise<number> {
  const content = "x".repeat(largeBytes);
  const body = JSON.stringify({ model: "bench", messages: [{ role: "user", content }] });
  return slowest(8, async () => {
    const answer = await fetch(url + path, { method: "POST", body });
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  });
}

/** Streams that are sent event by event, all at once; the time until the last is over. */
export async function many({ url }: Gateway): Promise<number> {
  const body = JSON.stringify({ model: "paced", stream: true, messages: [{ role: "user", content: "Hi." }] });
  return slowest(manyStreams, async () => {
    const answer = await fetch(url + path, { method: "POST", body });
    if (!(await answer.text()).includes("[DONE]")) throw new Error("a stream without its end");
  });
}

async function slowest(count: number, run: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: count }, run));
  return performance.now() - startedAt;
}
