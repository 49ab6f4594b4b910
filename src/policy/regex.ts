import { createRequire } from "node:module";

/** RE2: linear time, `.` is not a line break. Throws with RE2's message for a pattern that is none. */
export interface Regex {
  testWhole(text: string): boolean;
  /** Whether it matches anywhere in the text. */
  find(text: string): boolean;
  /** Every match; `\1` in `replacement` is the first group, `\0` the match, `\\` a backslash. */
  replaceAll(text: string, replacement: string): string;
}

export function compileRegex(pattern: string): Regex {
  const program = loadRe2().RE2JS.compile(pattern);
  return {
    testWhole: (text) => program.testExact(text),
    find: (text) => program.test(text),
    replaceAll(text, replacement) {
      const matcher = program.matcher(text);
      let result = "";
      let end = 0;
      while (matcher.find()) {
        const groups = (digit: string) =>
          Number(digit) <= matcher.groupCount() ? (matcher.group(Number(digit)) ?? "") : "";
        result += text.slice(end, matcher.start()) + fill(replacement, groups);
        end = matcher.end();
      }
      return result + text.slice(end);
    },
  };
}

function fill(replacement: string, group: (digit: string) => string): string {
  return replacement.replace(/\\(\d)|\\(.)/gs, (_, digit?: string, literal?: string) =>
    digit === undefined ? (literal ?? "") : group(digit),
  );
}

/**
 * Loads synchronously, since compiling is synchronous; no `import` can. Bun bundles and runs a bare `require` in a
 * module; Deno has none there.
 */
function loadRe2(): typeof import("re2js") {
  return typeof require === "function" ? require("re2js") : createRequire(import.meta.url)("re2js");
}
