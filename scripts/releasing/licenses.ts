import { type BundledPackage, idOf } from "./packages.ts";

const line = "-".repeat(80);

/** The licences of everything in the program but aigw itself; packages with the same text share it. */
export function writeLicenses(packages: readonly BundledPackage[]): string {
  const byText = new Map<string, BundledPackage[]>();
  for (const one of packages) {
    const text = one.licenseText || `The package says: ${one.license}.`;
    byText.set(text, [...(byText.get(text) ?? []), one]);
  }
  const sections = [...byText].map(([text, users]) => {
    const names = users.map((one) => `${idOf(one)} (${one.license})`).join("\n");
    return `${line}\n${names}\n${line}\n\n${text}\n`;
  });
  return `aigw is licensed under the Apache License 2.0. It contains what follows.\n\n${bunNotice()}\n${sections.join("\n")}`;
}

function bunNotice(): string {
  const source = `https://github.com/oven-sh/bun/tree/bun-v${Bun.version}`;
  return `${line}
Bun ${Bun.version} (MIT), the runtime
${line}

Copyright Oven and contributors. It contains JavaScriptCore and further libraries; JavaScriptCore is under the GNU
Library General Public License 2 and linked statically. Their licences, their source and how to build the runtime with a
changed JavaScriptCore: ${source}, LICENSE.md there.
`;
}
