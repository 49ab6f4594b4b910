import { createHash } from "node:crypto";
import { type BundledPackage, idOf } from "./packages.ts";

export interface SbomOptions {
  readonly version: string;
  /** Of the commit. */
  readonly createdAt: Date;
}

/** What the program is made of, as CycloneDX 1.6 in JSON. The same input gives the same text. */
export function writeSbom(packages: readonly BundledPackage[], { version, createdAt }: SbomOptions): string {
  const self = `pkg:generic/aigw@${version}`;
  const bun = `pkg:npm/bun@${Bun.version}`;
  const refs = new Map(packages.map((one) => [idOf(one), purlOf(one)]));
  const direct = packages.filter((one) => !packages.some(({ needs }) => needs.includes(idOf(one) ?? "")));
  const components = [
    {
      type: "framework",
      "bom-ref": bun,
      name: "bun",
      version: Bun.version,
      licenses: [{ license: { id: "MIT" } }],
      purl: bun,
    },
    ...packages.map(componentOf),
  ];
  const body = {
    metadata: {
      timestamp: createdAt.toISOString(),
      component: {
        type: "application",
        "bom-ref": self,
        name: "aigw",
        version,
        licenses: [{ license: { id: "Apache-2.0" } }],
        purl: self,
      },
    },
    components,
    dependencies: [
      { ref: self, dependsOn: [bun, ...direct.map(purlOf)] },
      { ref: bun, dependsOn: [] },
      ...packages.map((one) => ({ ref: purlOf(one), dependsOn: one.needs.map((id) => refs.get(id)) })),
    ],
  };
  const head = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: uuidOf(JSON.stringify(body)),
    version: 1,
  };
  return `${JSON.stringify({ ...head, ...body }, undefined, 2)}\n`;
}

function componentOf(one: BundledPackage): object {
  const [algorithm, digest = ""] = one.integrity.split("-", 2);
  const isExpression = /\s/.test(one.license);
  return {
    type: "library",
    "bom-ref": purlOf(one),
    name: one.name,
    version: one.version,
    hashes:
      algorithm === "sha512"
        ? [{ alg: "SHA-512", content: Buffer.from(digest, "base64").toString("hex") }]
        : [],
    licenses: isExpression ? [{ expression: one.license }] : [{ license: { id: one.license } }],
    purl: purlOf(one),
  };
}

function purlOf({ name, version }: BundledPackage): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

/** A name-based UUID (RFC 9562, version 8), so that two runs of a release agree. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
