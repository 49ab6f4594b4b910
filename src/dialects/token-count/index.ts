export { countTokensClient } from "./count-tokens.ts";
export { tokenizeClient } from "./tokenize.ts";
