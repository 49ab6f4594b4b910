import type { CredentialOverride } from "../../model/credential.ts";
import type { HeaderView } from "../../model/headers.ts";
import { awsKeyHeaders } from "../../policy/override-headers.ts";
import { missing, trimmed } from "../request-credential.ts";
import type { AwsKeys } from "./signature-v4.ts";

/** The keys that came with the request; half of a pair is a mistake of the client and never replaced by our own. */
export function requestKeys(
  headers: HeaderView,
  override: CredentialOverride | undefined,
): AwsKeys | undefined {
  if (override === undefined) return undefined;
  const [idHeader, secretHeader, tokenHeader] = awsKeyHeaders(override.header);
  const accessKeyId = trimmed(headers, idHeader);
  const secretAccessKey = trimmed(headers, secretHeader);
  const sessionToken = trimmed(headers, tokenHeader);
  if (accessKeyId !== "" && secretAccessKey !== "") {
    return { accessKeyId, secretAccessKey, ...(sessionToken === "" ? {} : { sessionToken }) };
  }
  if (accessKeyId !== "" || secretAccessKey !== "" || sessionToken !== "") {
    throw missing(`incomplete upstream credential: ${idHeader} and ${secretHeader} go together`);
  }
  if (override.hasFallback) return undefined;
  throw missing("missing upstream credential");
}
