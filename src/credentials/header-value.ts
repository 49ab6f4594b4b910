/**
 * Whether a text can be a header's value. Whoever sets another one fails with a message that quotes it, so secrets are
 * looked at before.
 */
export function isHeaderValue(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff || code === 0x7f || (code < 0x20 && code !== 0x09)) return false;
  }
  return true;
}

export const unfitForHeaders = "holds characters that no header may have";
