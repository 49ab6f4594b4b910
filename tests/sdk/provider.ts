/**
 * The provider behind the SDK tests: `@copilotkit/aimock` with answers that every SDK asks for alike.
 *
 * It takes only the gateway's key: a request that carries the client's, in whatever header, is answered 401.
 */
import { LLMock } from "@copilotkit/aimock";

export const chatAnswer = "Hello! What can I do for you?";
export const weatherAnswer = "It is sunny in Paris.";
export const weatherArguments = '{"city":"Paris"}';
export const embedding = [0.25, -0.5, 0.125, 1];
export const speechBytes = new Uint8Array(2000).map((_, index) => (index * 7) % 256);
export const transcript = "A quick brown fox.";
export const translation = "Good morning.";
export const imageUrl = "https://images.example/cat.png";

/** The key that the gateway has. Clients have another one. */
export const gatewayKey = "unused";
export const clientKey = "sk-of-the-client";

/** Listens on loopback. Stop it. */
export async function startProvider(): Promise<LLMock> {
  const mock = new LLMock({ port: 0, host: "127.0.0.1", chunkSize: 5, auth: { apiKeys: [gatewayKey] } });
  const usage = {
    prompt_tokens: 11,
    completion_tokens: 7,
    total_tokens: 18,
    input_tokens: 11,
    output_tokens: 7,
  };
  // The more special comes first: after a tool's result the question is still in the conversation.
  mock.on({ userMessage: "weather", hasToolResult: true }, { content: weatherAnswer });
  mock.onMessage("weather", {
    toolCalls: [{ name: "get_weather", arguments: weatherArguments, id: "call_weather" }],
  });
  mock.onMessage("too much", {
    error: { message: "Slow down", type: "rate_limit_error", code: "slow_down" },
    status: 429,
  });
  mock.onMessage("hello", { content: chatAnswer, usage });
  mock.onEmbedding("embed me", { embedding });
  mock.onSpeech("speak", { audio: Buffer.from(speechBytes).toString("base64"), format: "mp3" });
  mock.onTranscription({ transcription: { text: transcript, language: "en" } });
  mock.onTranslation({ transcription: { text: translation } });
  mock.onImage("a cat", { image: { url: imageUrl } });
  await mock.start();
  return mock;
}
