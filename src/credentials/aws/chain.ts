import { type Obtained, reasonOf } from "../fresh.ts";
import { type CredentialWorld, variable } from "../world.ts";
import { SdkHttp } from "./sdk-http.ts";
import { type AwsKeys, sendable } from "./signature-v4.ts";

/** What the SDK's providers give. */
interface SdkCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

type Sdk = typeof import("@aws-sdk/credential-providers");

interface Step {
  readonly source: string;
  /** Whether the surroundings speak of it; steps that are not named are passed over without a word. */
  isNamed(): boolean;
  /** Whether its failure is the chain's: what was asked for by name must not be replaced by somebody else's keys. */
  readonly isFinal: boolean;
  obtain(sdk: Sdk): Promise<SdkCredentials>;
}

/**
 * The keys that the surroundings offer, in the order of AWS's SDK for Go: variables, web identity, the shared files'
 * profile, the container's agent, the machine's metadata service.
 */
export function awsChain(region: string, world: CredentialWorld): () => Promise<Obtained<AwsKeys>> {
  return async () => {
    const keys = keysOfEnvironment(world);
    if (keys !== undefined) return { value: keys, source: "the environment" };
    const sdk = await import("@aws-sdk/credential-providers");
    const reasons: string[] = [];
    for (const step of steps(region, world)) {
      if (!step.isNamed()) continue;
      try {
        return obtained(await step.obtain(sdk), step.source);
      } catch (error) {
        reasons.push(`${step.source}: ${reasonOf(error)}`);
        if (step.isFinal || isFinal(error)) break;
      }
    }
    throw new Error(`no credentials of AWS: ${reasons.join("; ")}`);
  };
}

/** As the SDK has it: an expired login is told, not passed over. */
function isFinal(error: unknown): boolean {
  return !(error instanceof Error && "tryNextLink" in error && error.tryNextLink !== false);
}

function keysOfEnvironment(world: CredentialWorld): AwsKeys | undefined {
  const accessKeyId = variable(world, "AWS_ACCESS_KEY_ID")?.trim();
  const secretAccessKey = variable(world, "AWS_SECRET_ACCESS_KEY")?.trim();
  const sessionToken = variable(world, "AWS_SESSION_TOKEN")?.trim();
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const keys = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
  return sendable(keys, "the environment");
}

export function obtained(credentials: SdkCredentials, source: string): Obtained<AwsKeys> {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentials;
  const value = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
  return { value: sendable(value, source), expiresAtMs: expiration?.getTime(), source };
}

/** Settings of the SDK's own clients. The region is only a default: that of an SSO session stands in the files. */
export function clientSettings(region: string, world: CredentialWorld) {
  const requestHandler = new SdkHttp(world);
  return {
    clientConfig: { requestHandler, maxAttempts: 1 },
    parentClientConfig: { region, requestHandler },
    logger: silent,
  };
}

/** Some providers write to the console otherwise. */
const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

const agentTimeoutMs = 1_000;

function steps(region: string, world: CredentialWorld): readonly Step[] {
  const has = (name: string) => variable(world, name) !== undefined;
  const settings = clientSettings(region, world);
  return [
    {
      source: "web identity",
      isNamed: () => has("AWS_WEB_IDENTITY_TOKEN_FILE") && has("AWS_ROLE_ARN"),
      isFinal: true,
      obtain: async (sdk) => {
        const { clientConfig, parentClientConfig } = settings;
        return await sdk.fromTokenFile({ clientConfig: { ...clientConfig, region }, parentClientConfig })();
      },
    },
    {
      source: `profile ${variable(world, "AWS_PROFILE") ?? "default"}`,
      isNamed: () => true,
      isFinal: has("AWS_PROFILE"),
      obtain: async (sdk) => await sdk.fromIni({ ...settings, ignoreCache: true })(),
    },
    {
      source: "the container's agent",
      isNamed: () =>
        has("AWS_CONTAINER_CREDENTIALS_FULL_URI") || has("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
      isFinal: true,
      obtain: async (sdk) => await sdk.fromHttp(agentSettings(world))(),
    },
    {
      source: "the metadata service",
      isNamed: () => variable(world, "AWS_EC2_METADATA_DISABLED")?.toLowerCase() !== "true",
      isFinal: true,
      obtain: async (sdk) =>
        await sdk.fromInstanceMetadata({ timeout: agentTimeoutMs, maxRetries: 1, logger: silent })(),
    },
  ];
}

/** Of both addresses the full one counts. */
function agentSettings(world: CredentialWorld) {
  const full = variable(world, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  return {
    ...(full !== undefined && {
      awsContainerCredentialsFullUri: full,
      awsContainerCredentialsRelativeUri: "",
    }),
    timeout: agentTimeoutMs,
    maxRetries: 1,
    logger: silent,
  };
}
