import type { IrRequest } from "../ir/request.ts";
import { type NameRule, ToolNames } from "../ir/tool-names.ts";
import { Warnings } from "../ir/warnings.ts";
import { type GeminiModel, readGeminiModel } from "./model-name.ts";

/** A letter or `_` first, then also digits, dots, colons and dashes. */
export const functionNames: NameRule = { illegal: /^[^A-Za-z_]|[^\w.:-]/g, maxLength: 64 };

/** What the writers of one request's pieces share. */
export interface Writing {
  readonly model: GeminiModel;
  readonly names: ToolNames;
  readonly warnings: Warnings;
}

export function startWriting(request: IrRequest, modelName: string): Writing {
  return {
    model: readGeminiModel(modelName),
    names: new ToolNames(request, functionNames),
    warnings: new Warnings(),
  };
}
