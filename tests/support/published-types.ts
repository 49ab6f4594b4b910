/**
 * What providers say in the types of their own SDKs about requests, as a judge of what is sent to them.
 *
 * A body becomes a literal that is assigned to the published type, so that the compiler finds members that the provider
 * does not have, members that it misses, and words that it does not know.
 */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./program.ts";

const own = `
import type OpenAI from "openai";
import type Anthropic from "@anthropic-ai/sdk";
import type { ConverseRequest } from "@aws-sdk/client-bedrock-runtime";
import type * as Google from "@google/genai";

type MessageBody = Omit<Anthropic.MessageCreateParamsNonStreaming, "model" | "stream"> & { anthropic_version: string };
/** Models before 4.7 take them in version 2023-06-01 of the API, which is what we speak; the SDK knows newer models only. */
interface Dials {
  temperature?: number;
  top_p?: number;
  top_k?: number;
}
/** Enumerations travel as words, which Google reads in small letters too. */
type Wire<T> = T extends string
  ? \`\${T}\` | Lowercase<\`\${T}\`>
  : T extends readonly (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Member in keyof T]: Wire<T[Member]> }
      : T;

export type chat = OpenAI.ChatCompletionCreateParams;
export type responses = OpenAI.Responses.ResponseCreateParams;
export type messages = Anthropic.MessageCreateParams;
export type messagesWithDials = Anthropic.MessageCreateParams & Dials;
export type messagesOnVertex = MessageBody & Dials & { stream?: true };
export type messagesOnBedrock = MessageBody & Dials & { anthropic_beta?: string[] };
export type converse = Omit<ConverseRequest, "modelId">;
export type generateContent = Wire<{
  contents: Google.Content[];
  tools: Google.Tool[] | null;
  toolConfig?: Google.ToolConfig;
  generationConfig?: Google.GenerationConfig;
  systemInstruction?: Google.Content;
  safetySettings?: Google.SafetySetting[];
  cachedContent?: string;
}>;
`;

export type PublishedType =
  | "chat"
  | "responses"
  | "messages"
  | "messagesWithDials"
  | "messagesOnVertex"
  | "messagesOnBedrock"
  | "converse"
  | "generateContent";

export interface JudgedBody {
  /** Stands in front of what the compiler finds; letters, digits, `.`, `-` and `_`. */
  readonly name: string;
  readonly type: PublishedType;
  readonly json: string;
}

/** What is wrong with the bodies, a line each. */
export async function judgeBodies(bodies: readonly JudgedBody[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "aigw-types-"));
  try {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "published.ts"), own);
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    for (const { name, type, json } of bodies) {
      const literal = type === "converse" ? withBytes(json) : json;
      const text = `import type { ${type} } from "./published.ts";\nexport const body: ${type} = ${literal};\n`;
      writeFileSync(join(folder, `${name}.ts`), text);
    }
    const compiler = [
      process.execPath,
      "run",
      "--bun",
      "--silent",
      "tsc",
      "--project",
      folder,
      "--pretty",
      "false",
    ];
    const child = Bun.spawn(compiler, { cwd: root, stdout: "pipe", stderr: "inherit" });
    const text = await new Response(child.stdout).text();
    const problems = text
      .split("\n")
      .filter((line) => line.includes("error TS"))
      .map((line) => line.slice(line.lastIndexOf("/", line.indexOf("(")) + 1));
    return (await child.exited) !== 0 && problems.length === 0 ? [`the compiler failed: ${text}`] : problems;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const compilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: "esnext",
  module: "preserve",
  moduleResolution: "bundler",
  allowImportingTsExtensions: true,
  lib: ["esnext", "dom"],
  types: [],
};

/** The SDK of AWS has bytes where the wire has base64. */
function withBytes(json: string): string {
  return json.replace(/"(bytes|redactedContent)":"[A-Za-z0-9+/=]*"/g, '"$1":new Uint8Array()');
}
