import type { Explanation, Fact, SentRequest } from "../../explain/index.ts";

const gap = 2;

/** Three columns: what, where it was written, and what it is. */
export function writeText({ facts, sent }: Explanation): string {
  const places = facts.map(placeOf);
  const nameWidth = widest(facts.map(({ name }) => name));
  const placeWidth = widest(places);
  const lines = facts.map(({ name, text }: Fact, index) =>
    [name.padEnd(nameWidth), (places[index] ?? "").padEnd(placeWidth), text].join(" ".repeat(gap)).trimEnd(),
  );
  return `${[...lines, ...sent.flatMap(writeSent)].join("\n")}\n`;
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}

function placeOf({ origin, isOfRequest }: Fact): string {
  if (origin === undefined) return isOfRequest === true ? "" : "built in";
  const { file, line, column, variable } = origin;
  return `${file}:${line}:${column}${variable === undefined ? "" : ` ($${variable})`}`;
}

function writeSent({ backend, method, url, headers, body }: SentRequest): string[] {
  const head = headers.map(([name, value]) => `${name}: ${value}`);
  return [
    "",
    `${backend} would be sent, before its credential is put on:`,
    `${method} ${url}`,
    ...head,
    "",
    body,
  ];
}
