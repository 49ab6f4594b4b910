import { join } from "node:path";
import { type KindSupport, supportOfKinds, supportOfOtherKinds } from "../src/config/support-table.ts";

export const supportPath = join(import.meta.dirname, "../docs/support.md");

/** The page of all fields, from the schemas that configurations are read by. */
export function writeSupport(): string {
  return [
    "# What of a configuration is honoured",
    "",
    "Written by `bun scripts/support-table.ts` from the schemas that configurations are read by; a test compares both.",
    "",
    "*Honoured*: it does what it says. *Ignored*: a warning at start names the line, the rest works. *Refused*: the gateway",
    "does not start, since going on without it would be worse. What `--engine embedded` cannot heed, since connections are",
    "its runtime's, it says in the log when it starts. Fields that are in no schema are warnings too, with the field that was",
    "likely meant.",
    "",
    ...supportOfKinds().flatMap(writeKind),
    "## Values that are not served",
    "",
    ...values,
    "",
    "## Other kinds",
    "",
    "| kinds | what is said |",
    "| --- | --- |",
    ...supportOfOtherKinds().map(
      ([{ severity, message }, names]) => `| ${names.join(", ")} | ${severity}: ${message} |`,
    ),
    "",
  ].join("\n");
}

/** What only a value decides, and so stands in no schema. */
const values = [
  "- Gateway `spec.listeners[].protocol` other than HTTP and HTTPS: refused.",
  "- Gateway `spec.listeners[].allowedRoutes.namespaces.from: Selector`: a warning; namespaces have no labels here, so no route",
  "  attaches.",
  "- Backend `spec.type: DynamicResolver`: a warning; requests for it answer 500.",
  "- EnvoyProxy `spec.telemetry.accessLog.settings[].type: Upstream`: a warning; nothing is logged by it.",
  "- References to a Service, a missing Backend or an InferencePool: a warning; their share of the requests answers 500.",
  "- HTTPRoute: WebSocket upgrades need `--engine envoy`.",
];

function writeKind({ kind, group, versions, fields }: KindSupport): string[] {
  const apiVersions = versions.map((version) => `\`${group === "" ? version : `${group}/${version}`}\``);
  const honoured = fields.filter(({ support }) => support === "honoured");
  const others = fields.filter(({ support }) => support !== "honoured");
  const rows = others.map(({ path, support, reason = "" }) => `| \`${path}\` | ${support}: ${reason} |`);
  return [
    `## ${kind}`,
    "",
    apiVersions.join(", "),
    "",
    ...(rows.length === 0
      ? ["Every field is honoured:", ""]
      : ["| field | |", "| --- | --- |", ...rows, "", "Honoured:", ""]),
    ...wrap(honoured.map(({ path }) => `\`${path}\``)),
    "",
  ];
}

const width = 120;

function wrap(words: readonly string[]): string[] {
  const lines: string[] = [""];
  for (const [index, word] of words.entries()) {
    const text = index === words.length - 1 ? word : `${word},`;
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = text;
    else if (line.length + 1 + text.length > width) lines.push(text);
    else lines[lines.length - 1] = `${line} ${text}`;
  }
  return lines;
}

if (import.meta.main) await Bun.write(supportPath, writeSupport());
