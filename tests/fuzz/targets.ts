/**
 * What is damaged, and what must hold all the same: nothing throws but an `ExchangeFailure`, what comes out is well
 * formed, not longer than what went in by more than a factor, and the same however a stream was cut.
 */
import { anthropicBackend } from "../../src/dialects/anthropic/backend.ts";
import { invokeHost, nativeHost } from "../../src/dialects/anthropic/hosts.ts";
import { converse, converseHost } from "../../src/dialects/converse/index.ts";
import type { BackendDialect, Host } from "../../src/dialects/dialect.ts";
import { gemini, geminiHost } from "../../src/dialects/gemini/index.ts";
import { grammarProblems } from "../../src/dialects/ir/check-grammar.ts";
import { openaiChatBackend } from "../../src/dialects/openai-chat/backend.ts";
import { openaiHost } from "../../src/dialects/openai-chat/hosts.ts";
import { chain } from "../../src/dialects/stage.ts";
import { bytesOf, clientRequest, runStage, testContext } from "../../src/dialects/testing.ts";
import { decodeText } from "../../src/dialects/wire/text.ts";
import { ExchangeFailure } from "../../src/model/failure.ts";
import type { MatrixBackend } from "../matrix/backends.ts";
import { type Fixture, fixturesOf, headOf, type MatrixPair, openAnswer, pairs } from "../matrix/matrix.ts";
import { cutRandomly, type Dice, damageBytes, damageJson, diceOf } from "./damage.ts";

export interface FuzzTarget {
  readonly name: string;
  /** What is wrong, `undefined` if nothing is. May throw, which is wrong too. */
  run(seed: number): string | undefined;
}

const translated = pairs.filter(({ isOwn, backend }) => !isOwn || backend.name === "awsanthropic");

export const targets: readonly FuzzTarget[] = [
  ...(
    [
      ["openai", openaiChatBackend, openaiHost],
      ["anthropic", anthropicBackend, nativeHost],
      ["awsanthropic", anthropicBackend, invokeHost],
      ["bedrock", converse, converseHost],
      ["gemini", gemini, geminiHost],
    ] as const
  ).map(([name, dialect, host]) => readerTarget(name, dialect as BackendDialect, host)),
  ...translated.map(streamTarget),
  ...translated.filter(({ isOwn }) => !isOwn).map(answerTarget),
  ...translated.filter(({ backend }) => !/-[\d.]+$|-nova$/.test(backend.name)).map(errorTarget),
  ...translated.map(requestTarget),
];

/** Runs a target with a seed, and says what is wrong with what comes of it. */
export function problemWith(target: FuzzTarget, seed: number): string | undefined {
  const startedAt = performance.now();
  try {
    const problem = target.run(seed);
    if (problem !== undefined) return problem;
  } catch (error) {
    return `threw ${error instanceof Error ? error.stack : String(error)}`;
  }
  const tookMs = performance.now() - startedAt;
  return tookMs > 2000 ? `took ${Math.round(tookMs)} ms` : undefined;
}

function pick<T>(items: readonly T[], dice: Dice): T {
  return items[dice(items.length)]!;
}

/** A stream of a backend with damage to the JSON of one event, to its bytes, or both. */
function damagedStream(backend: MatrixBackend, fixtures: readonly Fixture[], dice: Dice): Uint8Array {
  let { text } = pick(fixtures, dice);
  const kind = dice(3);
  if (kind !== 0) {
    const events = [...text.matchAll(/\{.*\}$/gm)];
    const event = pick(events, dice);
    const end = event.index + event[0].length;
    text = text.slice(0, event.index) + damageJson(event[0], dice) + text.slice(end);
  }
  const bytes = backend.frame(text);
  return kind === 1 ? bytes : damageBytes(bytes, dice);
}

function readerTarget(name: string, dialect: BackendDialect, host: Host): FuzzTarget {
  const { backend } = pairs.find((pair) => pair.backend.name === name)!;
  const fixtures = fixturesOf("streams", backend.api);
  return {
    name: `${name} reader`,
    run(seed) {
      const dice = diceOf(seed);
      const reader = chain(host.frames(), dialect.streamReader(testContext()));
      const bytes = damagedStream(backend, fixtures, dice);
      try {
        const events = runStage(reader, [bytes], dice(2) === 0);
        // Some servers that speak like Gemini say STOP with every event; to lose what comes then would be worse.
        const problems = grammarProblems(events).filter(
          (problem) => name !== "gemini" || !problem.includes("has finished"),
        );
        return problems.length === 0 ? undefined : problems.join("; ");
      } catch (error) {
        // Ends the stream with an error, one stage further on.
        if (error instanceof SyntaxError) return undefined;
        throw error;
      }
    },
  };
}

const ends: { readonly [client: string]: RegExp } = {
  chat: /(?:data: \[DONE\]|data: \{"error":\{.*\}\})\n\n$/,
  messages: /event: (?:message_stop|error)\ndata: \{.*\}\n\n$/,
  responses: /event: (?:response\.(?:completed|incomplete|failed)|error)\ndata: \{.*\}\n\n$/,
};

function streamTarget(pair: MatrixPair): FuzzTarget {
  const fixtures = fixturesOf("streams", pair.backend.api);
  return {
    name: `${pair.backend.name} stream to ${pair.client.name}`,
    run(seed) {
      const dice = diceOf(seed);
      const bytes = damagedStream(pair.backend, fixtures, dice);
      const isCut = dice(4) === 0;
      const whole = play(pair, [bytes], isCut);
      const cut = play(pair, cutRandomly(bytes, dice), isCut);
      if (whole !== cut) return `cut otherwise it reads\n${cut}\nand not\n${whole}`;
      if (whole.length > 64 * bytes.length + 10_000) return `${bytes.length} bytes became ${whole.length}`;
      // What is only taken out of frames says what the provider says, be it nonsense.
      return pair.isOwn ? undefined : streamProblem(whole, ends[pair.client.name]!);
    },
  };
}

function play(pair: MatrixPair, pieces: readonly Uint8Array[], isCut: boolean): string {
  const plan = openAnswer(pair, true).success(headOf(200, { "content-type": pair.backend.contentType }));
  if (plan.type !== "rewrite") throw new Error(`a stream is not ${plan.type}`);
  const text = decodeText(Buffer.concat(runStage(plan.stage, pieces, isCut)));
  // Fresh ids and the time differ.
  return text.replace(/[0-9a-f]{32}/g, "ID").replace(/"(created|created_at|completed_at)":\d+/g, '"$1":0');
}

function streamProblem(text: string, end: RegExp): string | undefined {
  for (const [, data] of text.matchAll(/^data: (.*)$/gm)) {
    if (data !== "[DONE]" && !isObject(data!)) return `not JSON: ${data}`;
  }
  return end.test(text) ? undefined : `ends otherwise than a stream: ${text.slice(-200)}`;
}

function isObject(text: string): boolean {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" && json !== null && !Array.isArray(json);
  } catch {
    return false;
  }
}

function damagedText(text: string, dice: Dice): string {
  const json = dice(3) === 0 ? text : damageJson(text, dice);
  return dice(3) === 0 ? decodeText(damageBytes(bytesOf(json), dice)) : json;
}

/** Runs what may refuse, with a reason that is fit for a client. */
function orRefused(run: () => string | undefined): string | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ExchangeFailure)) throw error;
    return error.message === "" || error.message.length > 600
      ? `a message of ${error.message.length}`
      : undefined;
  }
}

function answerTarget(pair: MatrixPair): FuzzTarget {
  const fixtures = fixturesOf("answers", pair.backend.api);
  return {
    name: `${pair.backend.name} answer to ${pair.client.name}`,
    run(seed) {
      const dice = diceOf(seed);
      const text = damagedText(pick(fixtures, dice).text, dice);
      return orRefused(() => {
        const plan = openAnswer(pair, false).success(headOf(200, { "content-type": "application/json" }));
        if (plan.type !== "whole") return `a whole answer is not ${plan.type}`;
        const got = decodeText(plan.read(bytesOf(text))!.body);
        return isObject(got) ? undefined : `not JSON: ${got}`;
      });
    },
  };
}

function errorTarget(pair: MatrixPair): FuzzTarget {
  const [fixture] = fixturesOf("errors", pair.backend.name);
  const errors = JSON.parse(fixture!.text) as {
    status: number;
    headers: Record<string, string>;
    body: string;
  }[];
  return {
    name: `${pair.backend.name} error to ${pair.client.name}`,
    run(seed) {
      const dice = diceOf(seed);
      const { status, headers, body } = pick(errors, dice);
      const text = body.startsWith("<") ? body : damagedText(body, dice);
      const replacement = openAnswer(pair, dice(2) === 0).error(headOf(status, headers), bytesOf(text));
      if (replacement === undefined) return pair.isOwn ? undefined : "an error in another API's shape passes";
      const got = decodeText(replacement.body);
      const { type, error } = isObject(got) ? JSON.parse(got) : {};
      const isError =
        type === "error" && typeof error?.message === "string" && typeof error.type === "string";
      return isError ? undefined : `not an error: ${got}`;
    },
  };
}

function requestTarget(pair: MatrixPair): FuzzTarget {
  const fixtures = fixturesOf("requests", pair.client.name);
  const target = { schema: pair.backend.schema, model: pair.backend.model };
  return {
    name: `${pair.client.name} request to ${pair.backend.name}`,
    run(seed) {
      const dice = diceOf(seed);
      const text = damagedText(pick(fixtures, dice).text, dice);
      // What is no object, or has no model, is refused before it is translated.
      if (!isObject(text)) return undefined;
      return orRefused(() => {
        const { path, body } = pair.passage.request(clientRequest(pair.client.name, text), target);
        if (path.includes("undefined")) return `path ${path}`;
        const got = decodeText(body!);
        return isObject(got) ? undefined : `not JSON: ${got}`;
      });
    },
  };
}
