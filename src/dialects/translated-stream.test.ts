import { expect, test } from "bun:test";
import { anthropicClient } from "./anthropic/client.ts";
import { streamCut } from "./ir/error.ts";
import type { IrEvent } from "./ir/events.ts";
import { openaiChatClient } from "./openai-chat/client.ts";
import { runStage, testContext } from "./testing.ts";
import { type EventSource, TranslatedStream } from "./translated-stream.ts";

const ends: { name: string; event: IrEvent }[] = [
  { name: "an end", event: { type: "message-end" } },
  { name: "an error", event: { type: "error", error: streamCut() } },
];
const clients = [openaiChatClient, anthropicClient].map((client) => ({ client }));

test.each(ends.flatMap((end) => clients.map((item) => ({ ...end, ...item }))))(
  "a stream tells $name once, though what lies behind it cannot be read",
  ({ event, client }) => {
    const failed: string[] = [];
    const meter = {
      usage() {},
      model() {},
      firstToken() {},
      complete() {},
      failed: (reason: string) => failed.push(reason),
    };
    const play = (isBroken: boolean) => {
      const source: EventSource = {
        push(_bytes, emit) {
          emit({ type: "message-start", id: "m" });
          emit({ type: "finish", choice: 0, reason: "stop" });
          emit(event);
          if (isBroken) throw new SyntaxError("no JSON");
        },
        end() {},
      };
      const stage = new TranslatedStream(source, { client, context: testContext(), meter, repairs: [] });
      return Buffer.concat(runStage(stage, [new Uint8Array(1)])).toString();
    };
    const sound = play(false);
    const failures = failed.length;
    expect(play(true)).toBe(sound);
    expect(failed.length).toBe(failures * 2);
  },
);
