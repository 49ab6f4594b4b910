import { encodeText } from "../../dialects/wire/text.ts";

/** What a client hears when it sees other servers, or other things of them, than before. */
export const listsChanged: readonly Uint8Array[] = ["tools", "prompts", "resources"].map((kind) =>
  encodeText(`{"jsonrpc":"2.0","method":"notifications/${kind}/list_changed"}`),
);
