import type { IrMessage, IrRequest } from "./request.ts";
import type { IrUsage } from "./usage.ts";
import type { Extras } from "./values.ts";

export type IrEmbedInput =
  | { readonly text: string; readonly task?: string | undefined; readonly title?: string | undefined }
  | { readonly tokens: readonly number[] };

export interface IrEmbedRequest {
  readonly model: string;
  readonly inputs: readonly IrEmbedInput[];
  /** vLLM's form: a conversation instead of inputs. */
  readonly messages?: readonly IrMessage[] | undefined;
  readonly encoding: "float" | "base64";
  readonly dimensions?: number | undefined;
  readonly task?: string | undefined;
  readonly title?: string | undefined;
  readonly truncate?: boolean | undefined;
  readonly extras: Extras;
}

export interface IrEmbedResponse {
  readonly vectors: readonly {
    readonly values: readonly number[];
    readonly isTruncated?: boolean | undefined;
  }[];
  readonly model?: string | undefined;
  readonly usage?: IrUsage | undefined;
}

/** Asks for each vector alone, for APIs that give one at a time. */
export function splitInputs(request: IrEmbedRequest): readonly IrEmbedRequest[] {
  return request.inputs.map((input) => ({ ...request, inputs: [input] }));
}

/** Vectors in a row; what each of them cost is added, unless one does not say. */
export function joinVectors(answers: readonly IrEmbedResponse[]): IrEmbedResponse {
  const counts = answers.map(({ usage }) => usage?.inputTokens);
  const inputTokens = counts.every((count) => count !== undefined)
    ? counts.reduce((sum, count) => sum + count, 0)
    : undefined;
  return {
    vectors: answers.flatMap(({ vectors }) => vectors),
    model: answers[0]?.model,
    usage: inputTokens === undefined ? undefined : { inputTokens, totalTokens: inputTokens },
  };
}

/** Counts what would be generated, so it shares the message writers (tokenize, count_tokens, input_tokens, countTokens). */
export interface IrCountRequest {
  readonly request: IrRequest;
  readonly extras: Extras;
}

export interface IrCountResponse {
  readonly inputTokens: number;
}
