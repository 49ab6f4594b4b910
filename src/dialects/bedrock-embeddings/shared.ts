import { ExchangeFailure } from "../../model/failure.ts";
import type { Json } from "../ir/values.ts";
import { arrayOf } from "../wire/exact-json.ts";

/** The request says something that Bedrock cannot be told. */
export function refuse(path: string, problem: string): never {
  throw new ExchangeFailure("untranslatable", `invalid request body: ${path}: ${problem}`);
}

export function badAnswer(): ExchangeFailure {
  return new ExchangeFailure("bad_upstream_answer", "Bedrock's answer has no embedding");
}

/** Numbers are not looked at one by one: there are thousands. */
export function readVector(value: Json | undefined): readonly number[] {
  const values = arrayOf(value);
  if (values === undefined) throw badAnswer();
  return values as readonly number[];
}
