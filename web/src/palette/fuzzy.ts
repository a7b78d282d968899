// How well a text fits what is typed: letters in their order are enough, beginnings of words count most. Pure.

/** The larger the better, 0 where it does not fit. Every word of `typed` must be found in `text`. */
export function fit(typed: string, text: string): number {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const within = text.toLowerCase();
  let sum = 0;
  for (const word of words) {
    const one = fitOf(word, within);
    if (!one) return 0;
    sum += one;
  }
  // Of two that fit alike the shorter one was meant.
  return words.length ? sum / words.length + 1 / (1 + within.length) : 1;
}

const IS_INSIDE = /[\p{L}\p{N}]/u;

function fitOf(word: string, text: string): number {
  const at = text.indexOf(word);
  if (at === 0) return 100;
  if (at > 0) {
    const begins = new RegExp(`[^\\p{L}\\p{N}]${word.replace(/[^\p{L}\p{N}]/gu, "\\$&")}`, "u").test(text);
    return begins ? 80 : 60;
  }
  return scattered(word, text);
}

/** Letters apart: up to 40, less for each gap; 0 where one is missing. */
function scattered(word: string, text: string): number {
  let at = -1;
  let gaps = 0;
  for (const letter of word) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return 0;
    if (next !== at + 1 && IS_INSIDE.test(text[next - 1] ?? " ")) gaps++;
    at = next;
  }
  return gaps > word.length / 2 + 1 ? 0 : 40 - gaps * 6;
}
