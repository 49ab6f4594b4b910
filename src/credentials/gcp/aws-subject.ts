import { awsChain } from "../aws/chain.ts";
import { SigningKeys, signV4 } from "../aws/signature-v4.ts";
import { callForText, type Members } from "../oauth/token-endpoint.ts";
import { type CredentialWorld, variable } from "../world.ts";
import { optionalText } from "./members.ts";

const defaultUrl = "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";

/**
 * A request signed with the keys of AWS, which Google sends to learn whose they are.
 *
 * @see https://google.aip.dev/auth/4117#determining-the-subject-token-in-aws
 */
export async function obtainAwsSubject(
  source: Members,
  audience: string,
  world: CredentialWorld,
): Promise<string> {
  const region = await awsRegion(source, world);
  const template = optionalText(source, "regional_cred_verification_url") ?? defaultUrl;
  const url = new URL(template.replaceAll("{region}", region));
  const { value: keys } = await awsChain(region, world)();
  const signed = signV4(
    {
      method: "POST",
      path: url.pathname + url.search,
      host: url.host,
      body: new Uint8Array(),
      headers: [["x-goog-cloud-target-resource", audience]],
    },
    keys,
    { region, service: "sts" },
    new Date(world.nowMs()),
    new SigningKeys(),
  );
  const headers = [["host", url.host], ["x-goog-cloud-target-resource", audience], ...signed];
  const request = {
    url: url.href,
    method: "POST",
    headers: headers.map(([key, value]) => ({ key, value })),
  };
  return encodeURIComponent(JSON.stringify(request));
}

async function awsRegion(source: Members, world: CredentialWorld): Promise<string> {
  const named = variable(world, "AWS_REGION") ?? variable(world, "AWS_DEFAULT_REGION");
  if (named !== undefined) return named;
  const url = optionalText(source, "region_url");
  if (url === undefined) throw new Error("AWS_REGION is not set, and credential_source has no region_url");
  const name = "the metadata service of AWS";
  const session = optionalText(source, "imdsv2_session_token_url");
  const headers: Record<string, string> =
    session === undefined
      ? {}
      : {
          "x-aws-ec2-metadata-token": await callForText(
            {
              name,
              url: session,
              method: "PUT",
              headers: { "x-aws-ec2-metadata-token-ttl-seconds": "300" },
              isDirect: true,
            },
            world,
          ),
        };
  const zone = await callForText({ name, url, headers, method: "GET", isDirect: true }, world);
  // A zone is its region and a letter.
  return zone.trim().slice(0, -1);
}
