import { pathSegment } from "../wire/path.ts";

/** What a model can do, as far as the version in its name tells. */
export interface GeminiModel {
  /** Takes JSON Schema as it is; others take Google's own subset of OpenAPI. */
  readonly hasJsonSchema: boolean;
  /** How closely to look can be said for each part. */
  readonly hasMediaResolution: boolean;
  /**
   * How its thinking is dialled: in words, in tokens, or not at all. `unknown` for names without a version, where only
   * what a client says in Gemini's own terms is worth sending.
   */
  readonly thinking: "level" | "budget" | "none" | "unknown";
  /** Members of the Flash family can think little or not at all. */
  readonly isFlash: boolean;
  /** Has a level between low and high. Flash has always had it, Pro since 3.1. */
  readonly hasMediumLevel: boolean;
  readonly canSpeak: boolean;
}

/** `gemini-2.5-flash`, `gemini-3-pro-preview`, `gemini-live-2.5-flash`; not the dates of `gemini-exp-1206`. */
const versionPattern = /gemini-(?:[a-z]+-)*(\d{1,2})(?:\.(\d{1,2}))?(?!\d)/i;

export function readGeminiModel(name: string): GeminiModel {
  const match = versionPattern.exec(name);
  const version = match === null ? undefined : Number(match[1]) * 100 + Number(match[2] ?? 0);
  const isFrom = (least: number) => version !== undefined && version >= least;
  const isFlash = /flash/i.test(name);
  return {
    hasJsonSchema: isFrom(2_05),
    hasMediaResolution: isFrom(3_00),
    thinking: version === undefined ? "unknown" : isFrom(3_00) ? "level" : isFrom(2_05) ? "budget" : "none",
    isFlash,
    hasMediumLevel: isFlash || isFrom(3_01),
    canSpeak: /tts|native-audio/i.test(name),
  };
}

/** A full resource name, which also reaches other publishers. */
const resourcePattern = /^publishers\/[\w-]+\/models\/[^/]+$/;

/** The model in a path, encoded so that no name can alter the path. */
export function modelPath(name: string): string {
  const isResource = resourcePattern.test(name);
  const cut = isResource ? name.lastIndexOf("/") + 1 : 0;
  const head = isResource ? name.slice(0, cut) : "publishers/google/models/";
  return head + pathSegment(name.slice(cut));
}
