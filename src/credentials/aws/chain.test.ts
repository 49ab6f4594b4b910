import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Obtained, reasonOf } from "../fresh.ts";
import { FakeEndpoint, TestDirectory, TestWorld } from "../testing.ts";
import { awsChain } from "./chain.ts";
import { obtainByProfile } from "./profile.ts";
import type { AwsKeys } from "./signature-v4.ts";

/** The SDK's providers read the process's own variables, so these are set for a test and put back. */
const before = { ...process.env };
let home: TestDirectory;

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  home = new TestDirectory();
  set({
    HOME: home.path,
    AWS_CONFIG_FILE: `${home.path}/config`,
    AWS_SHARED_CREDENTIALS_FILE: `${home.path}/credentials`,
    AWS_EC2_METADATA_DISABLED: "true",
  });
});

afterEach(() => {
  home[Symbol.dispose]();
  for (const name of Object.keys(process.env)) if (!Object.hasOwn(before, name)) delete process.env[name];
  Object.assign(process.env, before);
});

function set(variables: { readonly [name: string]: string }): void {
  Object.assign(process.env, variables);
}

/** The clock is the real one: the SDK looks at its own. */
function chain(): Promise<Obtained<AwsKeys>> {
  const world = new TestWorld(process.env);
  return awsChain("eu-west-1", { ...world, nowMs: Date.now })();
}

async function reason(): Promise<string> {
  return await chain().then(
    () => "it found keys",
    (error: unknown) => reasonOf(error),
  );
}

const soon = () => new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000);

/** What STS answers with, in XML as it does. */
function stsAnswer(action: string, id: string): Response {
  return new Response(
    `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>
      <Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
      <SessionToken>session</SessionToken><Expiration>${soon().toISOString()}</Expiration></Credentials>
    </${action}Result></${action}Response>`,
    { headers: { "content-type": "text/xml" } },
  );
}

function agentAnswer(id: string): object {
  return {
    AccessKeyId: id,
    SecretAccessKey: "secret",
    Token: "session",
    Expiration: soon().toISOString(),
    RoleArn: "arn:aws:iam::1:role/r",
  };
}

const temporary = { secretAccessKey: "secret", sessionToken: "session" };

describe("the chain of AWS finds keys in", () => {
  test("the environment, before all else, and without the SDK", async () => {
    set({
      AWS_ACCESS_KEY_ID: "ENV",
      AWS_SECRET_ACCESS_KEY: "s",
      AWS_SESSION_TOKEN: "t",
      AWS_PROFILE: "other",
    });
    home.write("credentials", "[other]\naws_access_key_id=FILE\naws_secret_access_key=s\n");
    expect(await chain()).toEqual({
      value: { accessKeyId: "ENV", secretAccessKey: "s", sessionToken: "t" },
      source: "the environment",
    });
  });

  test("a web identity, before the files, its token read anew each time", async () => {
    using sts = new FakeEndpoint(({ form }) =>
      stsAnswer("AssumeRoleWithWebIdentity", `WEB-${form["WebIdentityToken"]}`),
    );
    home.write("credentials", "[default]\naws_access_key_id=FILE\naws_secret_access_key=s\n");
    const file = home.write("token", "one");
    set({
      AWS_ENDPOINT_URL_STS: sts.url,
      AWS_WEB_IDENTITY_TOKEN_FILE: file,
      AWS_ROLE_ARN: "arn:aws:iam::1:role/r",
    });
    set({ AWS_ROLE_SESSION_NAME: "me" });
    const found = await chain();
    expect(found).toMatchObject({ value: { accessKeyId: "WEB-one", ...temporary }, source: "web identity" });
    expect(Math.abs((found.expiresAtMs ?? 0) - soon().getTime())).toBeLessThan(5_000);
    expect(sts.seen[0]?.form).toMatchObject({ RoleArn: "arn:aws:iam::1:role/r", RoleSessionName: "me" });
    home.write("token", "two");
    expect((await chain()).value.accessKeyId).toBe("WEB-two");
  });

  test("the profile that is named, as the file is now", async () => {
    home.write("credentials", "[work]\naws_access_key_id=WORK\naws_secret_access_key=s\n");
    set({ AWS_PROFILE: "work" });
    expect(await chain()).toMatchObject({ value: { accessKeyId: "WORK" }, source: "profile work" });
    home.write("credentials", "[work]\naws_access_key_id=CHANGED\naws_secret_access_key=s\n");
    expect((await chain()).value.accessKeyId).toBe("CHANGED");
  });

  test("a role of another profile", async () => {
    using sts = new FakeEndpoint(() => stsAnswer("AssumeRole", "ROLE"));
    home.write(
      "config",
      "[default]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=base\nexternal_id=x\n[profile base]\naws_access_key_id=BASE\naws_secret_access_key=s\n",
    );
    set({ AWS_ENDPOINT_URL_STS: sts.url });
    expect((await chain()).value).toEqual({ accessKeyId: "ROLE", ...temporary });
    expect(sts.seen[0]?.form).toMatchObject({ RoleArn: "arn:aws:iam::1:role/r", ExternalId: "x" });
    expect(sts.seen[0]?.headers.get("authorization")).toMatch(/Credential=BASE\/\d+\/eu-west-1\/sts\//);
  });

  test("a login by SSO", async () => {
    using portal = new FakeEndpoint(() => ({
      roleCredentials: {
        accessKeyId: "SSO",
        secretAccessKey: "secret",
        sessionToken: "session",
        expiration: soon().getTime(),
      },
    }));
    const session = { accessToken: "sso-token", expiresAt: soon().toISOString(), region: "us-east-1" };
    const start = "https://start.example.com";
    const cached = new Bun.CryptoHasher("sha1").update(start).digest("hex");
    home.write(`.aws/sso/cache/${cached}.json`, JSON.stringify({ ...session, startUrl: start }));
    home.write(
      "config",
      `[default]\nsso_start_url=${start}\nsso_region=us-east-1\nsso_account_id=1\nsso_role_name=dev\n`,
    );
    set({ AWS_ENDPOINT_URL_SSO: portal.url });
    expect((await chain()).value).toEqual({ accessKeyId: "SSO", ...temporary });
    expect(portal.calls).toEqual(["GET /federation/credentials"]);
    expect(portal.seen[0]?.headers.get("x-amz-sso_bearer_token")).toBe("sso-token");
  });

  test("what a command writes", async () => {
    const answer = { Version: 1, AccessKeyId: "PROCESS", SecretAccessKey: "secret", Expiration: soon() };
    const file = home.write("answer.json", JSON.stringify(answer));
    home.write("config", `[default]\ncredential_process = cat ${file}\n`);
    const found = await chain();
    expect(found).toMatchObject({ value: { accessKeyId: "PROCESS" }, source: "profile default" });
    expect(found.expiresAtMs).toBe(answer.Expiration.getTime());
  });

  test("the container's agent, whose token is read anew each time", async () => {
    using agent = new FakeEndpoint(({ headers }) => agentAnswer(`AGENT-${headers.get("authorization")}`));
    const file = home.write("agent-token", "one");
    set({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials`,
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/ignored",
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
    });
    expect(await chain()).toMatchObject({
      value: { accessKeyId: "AGENT-one", ...temporary },
      source: "the container's agent",
    });
    home.write("agent-token", "two");
    expect((await chain()).value.accessKeyId).toBe("AGENT-two");
    expect(agent.calls).toEqual(["GET /v1/credentials", "GET /v1/credentials"]);
  });

  test("the metadata service, by its second version", async () => {
    using service = new FakeEndpoint(({ method, url, headers }) => {
      if (method === "PUT") return new Response("session-of-metadata");
      if (headers.get("x-aws-ec2-metadata-token") !== "session-of-metadata") {
        return new Response("no", { status: 401 });
      }
      if (url.pathname.endsWith("/security-credentials/")) return new Response("machine-role");
      return { ...agentAnswer("IMDS"), Code: "Success" };
    });
    delete process.env["AWS_EC2_METADATA_DISABLED"];
    set({ AWS_EC2_METADATA_SERVICE_ENDPOINT: service.url });
    expect(await chain()).toMatchObject({
      value: { accessKeyId: "IMDS", ...temporary },
      source: "the metadata service",
    });
    expect(service.calls).toEqual([
      "PUT /latest/api/token",
      "GET /latest/meta-data/iam/security-credentials/",
      "GET /latest/meta-data/iam/security-credentials/machine-role",
    ]);
  });
});

describe("the chain of AWS says why there are no keys:", () => {
  test("nothing is there", async () => {
    expect(await reason()).toMatch(/^no credentials of AWS: profile default: .*\[default\]/);
  });

  test("the profile that is named is not there; nobody else's keys are taken", async () => {
    using agent = new FakeEndpoint(() => agentAnswer("AGENT"));
    set({ AWS_PROFILE: "none", AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.url });
    expect(await reason()).toMatch(/profile none: /);
    expect(agent.seen).toEqual([]);
  });

  test("STS refuses, without the token that it was sent", async () => {
    using sts = new FakeEndpoint(
      () =>
        new Response(
          "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not you</Message></Error></ErrorResponse>",
          { status: 403, headers: { "content-type": "text/xml" } },
        ),
    );
    const file = home.write("token", "canary-7f3a");
    set({
      AWS_ENDPOINT_URL_STS: sts.url,
      AWS_WEB_IDENTITY_TOKEN_FILE: file,
      AWS_ROLE_ARN: "arn:aws:iam::1:role/r",
    });
    const said = await reason();
    expect(said).toMatch(/web identity: .*Not you/);
    expect(said).not.toContain("canary");
  });

  const broken: { name: string; answer: () => Response }[] = [
    { name: "answers 500", answer: () => new Response("oops", { status: 500 }) },
    { name: "answers with nonsense", answer: () => new Response("<html>") },
    { name: "answers with half of it", answer: () => Response.json({ AccessKeyId: "x" }) },
  ];
  test.each(broken)("the container's agent $name", async ({ answer }) => {
    using agent = new FakeEndpoint(answer);
    set({ AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.url });
    expect(await reason()).toMatch(/the container's agent: /);
  });

  test("the container's agent is somewhere else in the world", async () => {
    set({ AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://example.com/credentials" });
    expect(await reason()).toMatch(/the container's agent: URL not accepted/);
  });

  test("a login has expired", async () => {
    home.write(
      "config",
      "[default]\nsso_start_url=https://s\nsso_region=us-east-1\nsso_account_id=1\nsso_role_name=dev\n",
    );
    expect(await reason()).toMatch(/profile default: .*aws sso login/);
  });
});

describe("a profile in a file's text", () => {
  const world = () => new TestWorld(process.env);

  test("may be a role of another one; neither files nor variables of the machine count", async () => {
    using sts = new FakeEndpoint(() => stsAnswer("AssumeRole", "ROLE"));
    home.write("credentials", "[base]\naws_access_key_id=WRONG\naws_secret_access_key=s\n");
    set({ AWS_ENDPOINT_URL_STS: sts.url, AWS_ACCESS_KEY_ID: "WRONG", AWS_SECRET_ACCESS_KEY: "s" });
    const text =
      "[app]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=base\n[base]\naws_access_key_id=BASE\naws_secret_access_key=s\n";
    expect(await obtainByProfile(text, "app", "us-east-1", world())).toMatchObject({
      value: { accessKeyId: "ROLE" },
      source: "profile app",
    });
    expect(sts.seen[0]?.headers.get("authorization")).toMatch(/Credential=BASE\//);
  });

  test("may be a command", async () => {
    const file = home.write("answer.json", '{"Version":1,"AccessKeyId":"PROCESS","SecretAccessKey":"s"}');
    const text = `[app]\ncredential_process = cat ${file}\n`;
    expect((await obtainByProfile(text, "app", "us-east-1", world())).value.accessKeyId).toBe("PROCESS");
  });
});
