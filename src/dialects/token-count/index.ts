export { bedrockCount } from "./bedrock-count.ts";
export { countTokensClient } from "./count-tokens-client.ts";
export { tokenizeClient } from "./tokenize-client.ts";
