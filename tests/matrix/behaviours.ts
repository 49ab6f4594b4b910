import type { Said } from "./clients.ts";

/**
 * What an answer of each behaviour says, whoever gave it and whoever reads it. Behaviours that are not here end with an
 * error. The limit of `find_river` has more digits than a number of JavaScript holds.
 */
export const wanted: { readonly [behaviour: string]: Partial<Said> } = {
  text: { text: "The Rhine – 🐟.", end: "stop", usage: { input: 16, cached: 12, output: 9 } },
  tools: {
    text: "Looking.",
    calls: [
      { name: "find_river", input: { limit: Number("12345678901234567890") } },
      { name: "ping", input: {} },
    ],
    end: "calls",
  },
  thinking: { thinking: "Bonn is on it.", text: "The Rhine.", end: "length" },
  refusal: { calls: [], end: "refusal" },
};
