import { requestDirectly } from "../direct-request.ts";
import { reasonOf } from "../fresh.ts";
import { isHeaderValue, unfitForHeaders } from "../header-value.ts";
import type { CredentialWorld } from "../world.ts";

export interface TokenCall {
  /** Who is asked, in messages. */
  readonly name: string;
  readonly url: string;
  /** Sent as a form, or as JSON. */
  readonly form?: { readonly [name: string]: string | undefined };
  readonly json?: object;
  readonly headers?: { readonly [name: string]: string };
  readonly method?: "GET" | "POST" | "PUT";
  readonly proxy?: string | undefined;
  /** A service of this machine's link: no proxy, whatever the environment says. */
  readonly isDirect?: boolean;
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 10_000;
const maxAnswerBytes = 1 << 20;

/** Calls an endpoint of tokens and gives the members of its answer. Messages of errors hold nothing that was sent. */
export async function callForJson(call: TokenCall, world: CredentialWorld): Promise<Members> {
  const text = await callForText(call, world);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Members;
  } catch {
    // Said below: what the parser says would quote the answer.
  }
  throw new Error(`${call.name} did not answer with a JSON object`);
}

export async function callForText(call: TokenCall, world: CredentialWorld): Promise<string> {
  const { name, url, timeoutMs = defaultTimeoutMs } = call;
  let response: Response;
  let text: string;
  try {
    const send = call.isDirect === true ? requestDirectly : world.fetch;
    response = await send(url, {
      method: call.method ?? ((call.form ?? call.json) ? "POST" : "GET"),
      headers: {
        accept: "application/json",
        "accept-encoding": "identity",
        ...bodyType(call),
        ...call.headers,
      },
      ...bodyOf(call),
      signal: AbortSignal.timeout(timeoutMs),
      proxy: call.proxy,
    });
    text = await response.text();
  } catch (error) {
    const isLate = error instanceof Error && error.name === "TimeoutError";
    const why = isLate ? `no answer within ${timeoutMs / 1000} s` : withoutSecrets(reasonOf(error), call);
    throw new Error(`${name} cannot be reached: ${why}`);
  }
  if (text.length > maxAnswerBytes) throw new Error(`${name} answered with more than a token`);
  if (response.status < 200 || response.status > 299) {
    throw new Error(`${name} answered ${response.status}${withoutSecrets(errorIn(text), call)}`);
  }
  return text;
}

export type Members = { readonly [name: string]: unknown };

/** A member that has to be a text with something in it. */
export function textMember(members: Members, name: string, where: string): string {
  const value = members[name];
  if (typeof value === "string" && value !== "") return value;
  throw new Error(`${where} has no ${name}`);
}

/** Such a text that is sent on in a header. */
export function tokenMember(members: Members, name: string, where: string): string {
  const token = textMember(members, name, where).trim();
  if (isHeaderValue(token)) return token;
  throw new Error(`${name} in ${where} ${unfitForHeaders}`);
}

function bodyType({ form, json }: TokenCall): { [name: string]: string } {
  if (form !== undefined) return { "content-type": "application/x-www-form-urlencoded" };
  return json === undefined ? {} : { "content-type": "application/json" };
}

function bodyOf({ form, json }: TokenCall): { body?: string } {
  if (json !== undefined) return { body: JSON.stringify(json) };
  if (form === undefined) return {};
  const fields = Object.entries(form).filter((field): field is [string, string] => field[1] !== undefined);
  return { body: new URLSearchParams(fields).toString() };
}

/** OAuth's own words, or Google's, where the answer has them. */
function errorIn(text: string): string {
  try {
    const { error, error_description: description } = JSON.parse(text) as Members;
    if (typeof error === "string") {
      return typeof description === "string" ? `: ${error}: ${firstLine(description)}` : `: ${error}`;
    }
    const message = (error as Members | undefined)?.["message"];
    return typeof message === "string" ? `: ${firstLine(message)}` : "";
  } catch {
    return "";
  }
}

function firstLine(text: string): string {
  return text.split(/[\r\n]/, 1)[0]?.slice(0, 300) ?? "";
}

const secretFields = ["client_secret", "client_assertion", "assertion", "refresh_token", "subject_token"];

/** An endpoint may quote what it was sent. */
function withoutSecrets(text: string, { form, headers }: TokenCall): string {
  const sent = [
    ...secretFields.map((name) => form?.[name]),
    headers?.["authorization"]?.replace(/^\S+ /, ""),
  ];
  return sent
    .filter((secret): secret is string => secret !== undefined && secret !== "")
    .toSorted((a, b) => b.length - a.length)
    .reduce((clean, secret) => clean.replaceAll(secret, "[redacted]"), text);
}
