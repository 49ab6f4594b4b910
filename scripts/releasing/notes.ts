/** The part of a changelog that is about a version, or else about what is unreleased. Throws where there is neither. */
export function releaseNotes(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const headed = (head: string) => sections.find((section) => section.split(/[\s(]/, 1)[0] === head);
  const section = headed(version) ?? headed("Unreleased");
  if (section === undefined) throw new Error(`CHANGELOG.md has nothing about ${version}`);
  return `${section.slice(section.indexOf("\n")).trim()}\n`;
}
