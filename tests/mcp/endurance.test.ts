import { expect, test } from "bun:test";
import { endure } from "./endurance.ts";

// What a process holds is counted where Linux shows it.
test.if(process.platform === "linux")(
  "sessions lose no answer while servers crash, stall and come back, and leave nothing behind",
  async () => {
    const sessions = 20;
    const { answers, lost, sockets, children } = await endure(sessions, 4);
    expect(lost).toEqual([]);
    expect(answers).toBeGreaterThan(100);
    expect(sockets[1]).toBeLessThan(sockets[0] + 6 * sessions);
    expect(children[1]).toBeLessThanOrEqual(children[0]);
  },
  60_000,
);
