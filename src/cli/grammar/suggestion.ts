import { typingErrors } from "../../policy/typing-errors.ts";

/** `, did you mean "version"?` for a word that is the start of a known one or at most two typing errors away; else nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const close = known.filter((name) => name.startsWith(word) || typingErrors(word, name) <= 2);
  const quoted = close.map((name) => `"${name}"`).join(", ");
  if (close.length === 0) return "";
  return close.length === 1 ? `, did you mean ${quoted}?` : `, did you mean one of ${quoted}?`;
}
