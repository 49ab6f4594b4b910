/** What `promtool check metrics` would complain of, and what OpenMetrics' grammar forbids. */

interface Sample {
  readonly name: string;
  readonly labels: readonly (readonly [string, string])[];
  readonly value: number;
}

interface Family {
  readonly type: string;
  readonly samples: Sample[];
}

const namePattern = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const labelPattern = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(,|$)/y;

/** Complaints, each with the line it is about; empty where all is well. */
export function checkExposition(text: string, isOpenMetrics: boolean): string[] {
  const complaints: string[] = [];
  const families = new Map<string, Family>();
  const helped = new Set<string>();
  let current = "";
  if (!text.endsWith("\n")) complaints.push("the last line does not end");
  const lines = text.split("\n").slice(0, -1);
  if (isOpenMetrics && lines.pop() !== "# EOF") complaints.push("no # EOF at the end");
  for (const line of lines) {
    const complain = (what: string) => complaints.push(`${what}: ${line}`);
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === "HELP") {
      if (helped.has(name)) complain("a second HELP");
      helped.add(name);
    } else if (kind === "TYPE") {
      if (families.has(name)) complain("a second TYPE");
      if (isOpenMetrics && name.endsWith("_total")) complain("a family of OpenMetrics without its suffix");
      families.set(name, { type: rest, samples: [] });
      current = name;
    } else if (line.startsWith("#") || line === "") complain("no such line");
    else {
      const sample = readSample(line);
      if (sample === undefined) complain("no sample");
      else if (!belongs(sample.name, current, families.get(current)?.type)) complain("not of its family");
      else families.get(current)?.samples.push(sample);
    }
  }
  for (const [name, family] of families) {
    if (!helped.has(name)) complaints.push(`no HELP: ${name}`);
    if (family.samples.length === 0) complaints.push(`no sample: ${name}`);
    complaints.push(...checkFamily(name, family));
  }
  return complaints;
}

function readSample(line: string): Sample | undefined {
  const [, name = "", inner = "", value = ""] = /^([^{\s]+)\{(.*)\} (\S+)$/.exec(line) ?? [];
  if (!namePattern.test(name) || value === "" || Number.isNaN(Number(value))) return undefined;
  const labels: [string, string][] = [];
  labelPattern.lastIndex = 0;
  for (let at = 0; at < inner.length; at = labelPattern.lastIndex) {
    labelPattern.lastIndex = at;
    const found = labelPattern.exec(inner);
    if (found === null) return undefined;
    labels.push([found[1] ?? "", found[2] ?? ""]);
  }
  return { name, labels, value: Number(value) };
}

function belongs(name: string, family: string, type: string | undefined): boolean {
  if (type === "histogram") return ["_bucket", "_sum", "_count"].some((suffix) => name === family + suffix);
  if (type === "info") return name === `${family}_info`;
  return name === family || (type === "counter" && name === `${family}_total`);
}

function checkFamily(name: string, { type, samples }: Family): string[] {
  const complaints: string[] = [];
  const seen = new Set<string>();
  for (const { name: sample, labels } of samples) {
    const names = labels.map(([label]) => label);
    if (new Set(names).size !== names.length) complaints.push(`a label twice: ${sample}`);
    const key = `${sample} ${labels.map(([label, value]) => `${label}=${value}`).join()}`;
    if (seen.has(key)) complaints.push(`a series twice: ${key}`);
    seen.add(key);
  }
  if (type === "histogram") complaints.push(...checkHistograms(name, samples));
  return complaints;
}

/** Buckets rise, end with infinity, and agree with the count. */
function checkHistograms(name: string, samples: readonly Sample[]): string[] {
  const complaints: string[] = [];
  const without = ({ labels }: Sample) =>
    labels.map(([label, value]) => (label === "le" ? "" : `${label}=${value}`)).join("");
  for (const [key, group] of Map.groupBy(samples, without)) {
    const of = (suffix: string) => group.filter((sample) => sample.name === name + suffix);
    const buckets = of("_bucket").map(({ labels, value }) => ({ le: bound(labels), value }));
    const isRising = buckets.every(
      ({ le, value }, index) =>
        index === 0 || (le > buckets[index - 1]!.le && value >= buckets[index - 1]!.value),
    );
    if (!isRising) complaints.push(`buckets do not rise: ${name} ${key}`);
    if (of("_count").length !== 1 || of("_sum").length !== 1)
      complaints.push(`no one sum and count: ${name} ${key}`);
    const last = buckets.at(-1);
    if (last?.le !== Number.POSITIVE_INFINITY || last.value !== of("_count")[0]?.value)
      complaints.push(`the last bucket is not the count: ${name} ${key}`);
  }
  return complaints;
}

function bound(labels: Sample["labels"]): number {
  const text = labels.find(([label]) => label === "le")?.[1] ?? "";
  return text === "+Inf" ? Number.POSITIVE_INFINITY : Number(text);
}
