import { type Environment, readBoolean, readText } from "../../otel/variables.ts";

/** What stands in the place of what is hidden. */
export const redacted = "__REDACTED__";

/** What of requests and answers is not shown. A wider switch has the narrower ones in it. */
export interface Hide {
  readonly inputs: boolean;
  readonly outputs: boolean;
  readonly inputMessages: boolean;
  readonly outputMessages: boolean;
  readonly inputImages: boolean;
  readonly inputText: boolean;
  readonly outputText: boolean;
  readonly prompts: boolean;
  readonly choices: boolean;
  readonly tools: boolean;
  readonly invocationParameters: boolean;
  readonly embeddingTexts: boolean;
  readonly embeddingVectors: boolean;
  /** Characters of an image's `data:` URL. */
  readonly maxImageLength: number;
}

const defaultImageLength = 32_000;

/**
 * Reads the `OPENINFERENCE_*` variables. What is no boolean is the default, which shows everything.
 *
 * @see https://github.com/Arize-ai/openinference/blob/main/spec/configuration.md, read 2026-11
 */
export function readHide(environment: Environment): Hide {
  const is = (name: string) => readBoolean(environment, `OPENINFERENCE_HIDE_${name}`);
  const inputs = is("INPUTS");
  const outputs = is("OUTPUTS");
  const length = Number.parseInt(readText(environment, "OPENINFERENCE_BASE64_IMAGE_MAX_LENGTH") ?? "", 10);
  return {
    inputs,
    outputs,
    inputMessages: inputs || is("INPUT_MESSAGES"),
    outputMessages: outputs || is("OUTPUT_MESSAGES"),
    inputImages: inputs || is("INPUT_IMAGES"),
    inputText: inputs || is("INPUT_TEXT"),
    outputText: outputs || is("OUTPUT_TEXT"),
    prompts: inputs || is("PROMPTS"),
    choices: outputs || is("CHOICES"),
    tools: inputs || is("LLM_TOOLS"),
    invocationParameters: is("LLM_INVOCATION_PARAMETERS"),
    embeddingTexts: inputs || is("EMBEDDINGS_TEXT"),
    // The second spelling is the older one.
    embeddingVectors: outputs || is("EMBEDDINGS_VECTORS") || is("EMBEDDING_VECTORS"),
    maxImageLength: Number.isNaN(length) ? defaultImageLength : length,
  };
}

/** The URL, unless it holds a larger picture than spans should. */
export function limitImage(url: string, { maxImageLength }: Hide): string {
  return url.startsWith("data:image/") && url.length > maxImageLength ? redacted : url;
}
