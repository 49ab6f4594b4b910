import { readFile } from "node:fs/promises";
import { callForText, type Members, textMember } from "../oauth/token-endpoint.ts";
import { runCommand } from "../run-command.ts";
import { type CredentialWorld, variable } from "../world.ts";
import { obtainAwsSubject } from "./aws-subject.ts";
import { objectMember, optionalText } from "./members.ts";

/** The token by which an external account shows who it is; `source` is its `credential_source`. */
export async function obtainSubjectToken(
  source: Members,
  audience: string,
  key: Members,
  world: CredentialWorld,
): Promise<string> {
  const file = optionalText(source, "file");
  if (file !== undefined) return formatted(await readFile(file, "utf8"), source, `the file ${file}`);
  if (optionalText(source, "environment_id")?.startsWith("aws") === true) {
    return await obtainAwsSubject(source, audience, world);
  }
  const url = optionalText(source, "url");
  if (url !== undefined)
    return formatted(await callSource(url, source, world), source, "the credential source");
  const { executable } = source;
  if (typeof executable === "object") {
    return await runExecutable(objectMember(source, "executable"), audience, key, world);
  }
  throw new Error("credential_source has no file, url, executable or environment_id that is known");
}

/** Such URLs are mostly those of a machine's metadata service. */
async function callSource(url: string, source: Members, world: CredentialWorld): Promise<string> {
  const headers = Object.fromEntries(
    Object.entries(objectMember(source, "headers")).map(([name, value]) => [name, String(value)]),
  );
  const isDirect = url.startsWith("http:");
  return await callForText({ name: "the credential source", url, headers, method: "GET", isDirect }, world);
}

/** The text itself, or a member of a JSON object. */
function formatted(text: string, source: Members, where: string): string {
  const format = objectMember(source, "format");
  const token = optionalText(format, "type") === "json" ? memberOf(text, format, where) : text.trim();
  if (token === "") throw new Error(`${where} is empty`);
  return token;
}

function memberOf(text: string, format: Members, where: string): string {
  const name = textMember(format, "subject_token_field_name", "credential_source.format");
  return textMember(parseObject(text, where), name, where);
}

function parseObject(text: string, where: string): Members {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Members;
  } catch {
    // What the parser says would quote the text.
  }
  throw new Error(`${where} is not a JSON object`);
}

const allowVariable = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES";

/** @see https://google.aip.dev/auth/4117#determining-the-subject-token-in-executable-sourced-credentials */
async function runExecutable(
  executable: Members,
  audience: string,
  key: Members,
  world: CredentialWorld,
): Promise<string> {
  if (variable(world, allowVariable) !== "1") {
    throw new Error(`credential_source runs a command, which ${allowVariable}=1 has to allow`);
  }
  const [file = "", ...args] = textMember(executable, "command", "executable").split(/\s+/);
  const timeout = executable["timeout_millis"];
  const output = await runCommand({
    file,
    arguments: args,
    environment: {
      ...world.environment,
      GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE: audience,
      GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE: String(key["subject_token_type"] ?? ""),
      GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE: "0",
    },
    timeoutMs: typeof timeout === "number" ? Math.min(timeout, 30_000) : 30_000,
  });
  const answer = parseObject(output, "what the command wrote");
  if (answer["success"] !== true) {
    throw new Error(`the command gave no token: ${String(answer["code"] ?? "no code")}`);
  }
  const member = String(answer["token_type"]).endsWith("saml2") ? "saml_response" : "id_token";
  return textMember(answer, member, "what the command wrote");
}
