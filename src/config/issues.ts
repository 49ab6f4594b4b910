import type { z } from "zod";

/** What a schema issue says to an operator, in the words of Kubernetes where it has some. */
interface Complaint {
  readonly message: string;
  readonly mend?: string;
}

type Issue = z.core.$ZodIssue;

/** `input` is the value at the issue's path; it is quoted unless `isSecret`. */
export function describeIssue(issue: Issue, input: unknown, isSecret: boolean): Complaint {
  switch (issue.code) {
    case "invalid_type":
      return wrongType(issue.expected, input, isSecret);
    case "invalid_value": {
      const values = issue.values.map((value) => JSON.stringify(value)).join(", ");
      return { message: `Unsupported value: ${JSON.stringify(input ?? "")}: supported values: ${values}` };
    }
    case "too_big":
      return { message: tooBig(issue.origin, issue.maximum, input) };
    case "too_small":
      return { message: tooSmall(issue.origin, issue.minimum, input) };
    case "unrecognized_keys":
    case "invalid_key":
    case "invalid_element":
    case "invalid_format":
    case "invalid_union":
    case "not_multiple_of":
    case "custom":
      return { message: quoted(issue.message, issue.code, input, isSecret) };
  }
}

function quoted(message: string, code: Issue["code"], input: unknown, isSecret: boolean): string {
  if (input === undefined && code !== "custom") return "is required";
  const isQuoted = code !== "custom" && !isSecret && (typeof input === "string" || typeof input === "number");
  return isQuoted ? `${JSON.stringify(input)} ${message}` : message;
}

const typeNames: { readonly [expected: string]: string } = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a mapping",
  record: "a mapping",
  array: "a list",
};

function wrongType(expected: string, input: unknown, isSecret: boolean): Complaint {
  if (input === undefined) return { message: "is required" };
  const wanted = typeNames[expected] ?? expected;
  const message = `must be ${wanted}, not ${nameOf(input, isSecret)}`;
  const isPlain = typeof input === "number" || typeof input === "boolean";
  if (expected === "string" && isPlain) {
    return { message, mend: isSecret ? "quote it" : `quote it: ${JSON.stringify(String(input))}` };
  }
  const isNumeric = typeof input === "string" && input.trim() !== "" && Number.isFinite(Number(input));
  if ((expected === "int" || expected === "number") && isNumeric)
    return { message, mend: "write it without quotes" };
  return { message };
}

function nameOf(input: unknown, isSecret: boolean): string {
  if (input === null) return "empty";
  if (Array.isArray(input)) return "a list";
  if (typeof input === "object") return "a mapping";
  const noun =
    typeof input === "string" ? "the text" : typeof input === "number" ? "the number" : "the value";
  return isSecret ? noun.replace("the", "a") : `${noun} ${JSON.stringify(input)}`;
}

function tooBig(origin: string, maximum: number | bigint, input: unknown): string {
  if (origin === "string") return `Too long: may not be more than ${maximum} characters`;
  if (origin === "array") {
    const count = Array.isArray(input) ? input.length : "several";
    return `Too many: ${count}: must have at most ${maximum} items`;
  }
  return `${JSON.stringify(input)} should be less than or equal to ${maximum}`;
}

function tooSmall(origin: string, minimum: number | bigint, input: unknown): string {
  if (origin === "string") return `should be at least ${minimum} chars long`;
  if (origin === "array") return `should have at least ${minimum} items`;
  return `${JSON.stringify(input)} should be greater than or equal to ${minimum}`;
}
