import { describe, expect, test } from "bun:test";
import type { IrMedia } from "../ir/parts.ts";
import type { JsonObject } from "../ir/values.ts";
import { bodyOf, image, text, user } from "./testing.ts";

const media: { name: string; part: IrMedia; want: unknown[]; model?: string }[] = [
  {
    name: "bytes",
    part: image({ mediaType: "application/pdf", detail: "low" }),
    want: [{ inlineData: { mimeType: "application/pdf", data: "AAAA" } }],
  },
  {
    name: "audio without a type",
    part: image({ kind: "audio", mediaType: undefined }),
    want: [{ inlineData: { mimeType: "audio/mpeg", data: "AAAA" } }],
  },
  {
    name: "a signed URL by the ending of its path",
    part: image({ source: { type: "url", url: "https://x.example/a.WEBP?sig=a.png" } }),
    want: [{ fileData: { fileUri: "https://x.example/a.WEBP?sig=a.png", mimeType: "image/webp" } }],
  },
  {
    name: "a URL without an ending by its kind",
    part: image({ kind: "video", source: { type: "url", url: "gs://bucket/clip" } }),
    want: [{ fileData: { fileUri: "gs://bucket/clip", mimeType: "video/mp4" } }],
  },
  {
    name: "a file by its address",
    part: image({ kind: "document", source: { type: "file-id", id: "gs://b/a.pdf", family: "openai" } }),
    want: [{ fileData: { fileUri: "gs://b/a.pdf", mimeType: "application/pdf" } }],
  },
  { name: "an empty URL as nothing", part: image({ source: { type: "url", url: "" } }), want: [] },
  {
    name: "a text document with its title",
    part: image({ kind: "document", name: "Rivers", source: { type: "text", text: "The Rhine." } }),
    want: [{ text: "Rivers" }, { text: "The Rhine." }],
  },
  {
    name: "the parts of a document",
    part: image({
      kind: "search-result",
      source: { type: "parts", parts: [text("One."), image({ mediaType: "image/png" })] },
    }),
    want: [{ text: "One." }, { inlineData: { mimeType: "image/png", data: "AAAA" } }],
  },
  {
    name: "how closely to look, from version 3",
    model: "gemini-3-flash-preview",
    part: image({ mediaType: "image/png", detail: "high" }),
    want: [
      {
        inlineData: { mimeType: "image/png", data: "AAAA" },
        mediaResolution: { level: "MEDIA_RESOLUTION_HIGH" },
      },
    ],
  },
];

describe("writeMedia", () => {
  test.each(media)("writes $name", ({ part, want, model }) => {
    const contents = want.length === 0 ? null : [{ role: "user", parts: want }];
    expect(bodyOf({ messages: [user(part)] }, model)["contents"]).toEqual(contents as JsonObject[]);
  });
});
