const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** The conversions of `strftime` that Envoy's time formats use; UTC throughout. */
const conversions: { readonly [letter: string]: (date: Date) => string } = {
  "%": () => "%",
  Y: (date) => pad(date.getUTCFullYear(), 4),
  y: (date) => pad(date.getUTCFullYear() % 100, 2),
  m: (date) => pad(date.getUTCMonth() + 1, 2),
  d: (date) => pad(date.getUTCDate(), 2),
  e: (date) => String(date.getUTCDate()).padStart(2),
  H: (date) => pad(date.getUTCHours(), 2),
  I: (date) => pad(((date.getUTCHours() + 11) % 12) + 1, 2),
  p: (date) => (date.getUTCHours() < 12 ? "AM" : "PM"),
  M: (date) => pad(date.getUTCMinutes(), 2),
  S: (date) => pad(date.getUTCSeconds(), 2),
  a: (date) => days[date.getUTCDay()] ?? "",
  b: (date) => months[date.getUTCMonth()] ?? "",
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  f: (date) => fraction(date, 9),
  F: (date) => date.toISOString().slice(0, 10),
  T: (date) => date.toISOString().slice(11, 19),
  R: (date) => date.toISOString().slice(11, 16),
  z: () => "+0000",
  Z: () => "UTC",
};

/** Makes a writer of times in UTC, from epoch milliseconds. Throws for a conversion that is not known. */
export function compileTimeFormat(format: string): (epochMs: number) => string {
  const parts: (string | ((date: Date) => string))[] = [];
  for (const [whole, digits, letter, text] of format.matchAll(/%([1-9]?)(.?)|([^%]+)/gs)) {
    if (text !== undefined) parts.push(text);
    else parts.push(conversionOf(whole, digits ?? "", letter ?? ""));
  }
  return (epochMs) => {
    const date = new Date(epochMs);
    return parts.map((part) => (typeof part === "string" ? part : part(date))).join("");
  };
}

function conversionOf(whole: string, digits: string, letter: string): (date: Date) => string {
  if (digits !== "" && letter === "f") return (date) => fraction(date, Number(digits));
  const conversion = digits === "" && Object.hasOwn(conversions, letter) ? conversions[letter] : undefined;
  if (conversion === undefined) {
    const known = Object.keys(conversions).map((name) => `%${name}`);
    throw new Error(
      `unknown conversion "${whole}" in a time format; known are %1f to %9f, ${known.join(", ")}`,
    );
  }
  return conversion;
}

/** Times are kept in milliseconds; further digits are 0. */
function fraction(date: Date, digits: number): string {
  return pad(date.getUTCMilliseconds(), 3).padEnd(9, "0").slice(0, digits);
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
