/** Levenshtein distance: letters put in, left out or mistaken. */
export function typingErrors(typed: string, meant: string): number {
  let row = Array.from({ length: meant.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...typed].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= meant.length; column++) {
      const [left = 0, above = 0, diagonal = 0] = [next[column - 1], row[column], row[column - 1]];
      next.push(Math.min(left + 1, above + 1, diagonal + (letter === meant[column - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[meant.length] ?? 0;
}
