import { readFileSync } from "node:fs";
import type { Origin } from "../model/origin.ts";

const maxLength = 120;

/**
 * The line of a file that a finding is about, with a mark below the place; empty where there is no such line (what came
 * from the environment has no file).
 */
export function excerpt({ file, line, column }: Pick<Origin, "file" | "line" | "column">): string {
  const text = readLine(file, line);
  if (text === undefined || text.trim() === "" || column - 1 > maxLength) return "";
  const shown = text.slice(0, maxLength).replaceAll(/\p{Cc}/gu, " ");
  const rest = shown.slice(column - 1);
  // A key, a value or a word, as far as it goes.
  const width = Math.max(/^[^\s,\]}]*/.exec(rest)?.[0].length ?? 1, 1);
  const number = String(line);
  const margin = " ".repeat(number.length);
  return `  ${number} | ${shown}\n  ${margin} | ${" ".repeat(column - 1)}${"^".repeat(width)}\n`;
}

function readLine(file: string, line: number): string | undefined {
  try {
    return readFileSync(file, "utf8").split(/\r?\n/, line)[line - 1];
  } catch {
    return undefined;
  }
}
