export { explain } from "./explain.ts";
export type { Explanation, Fact, SentRequest } from "./fact.ts";
