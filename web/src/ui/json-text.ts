// Where JSON stops being JSON. Browsers' own messages often do not say.
// Plain characters in one go: browsers run out of stack where each of ten million is a choice.
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\r\n]*/y;

class Fault {
  constructor(
    readonly at: number,
    readonly wanted: string,
  ) {}
}

/** What is wrong with a text that is no JSON, and where: "a colon is wanted where `}` is: line 3, column 13." */
export function faultOf(text: string): string {
  const reader = new Reader(text);
  try {
    reader.whole();
    return "This is no JSON.";
  } catch (fault) {
    if (!(fault instanceof Fault)) return "This is nested too deeply to be read.";
    const before = text.slice(0, fault.at).split("\n");
    const found = fault.at >= text.length ? "the end" : `\`${text[fault.at]}\``;
    return `${fault.wanted} is wanted where ${found} is: line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}.`;
  }
}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  whole(): void {
    this.value();
    this.space();
    if (this.at < this.text.length) throw new Fault(this.at, "the end");
  }

  private value(): void {
    this.space();
    const first = this.text[this.at];
    if (first === "{") this.list("}", () => this.member());
    else if (first === "[") this.list("]", () => this.value());
    else if (!this.take(STRING) && !this.take(NUMBER) && !this.take(WORD)) throw new Fault(this.at, "a value");
  }

  private member(): void {
    this.space();
    if (!this.take(STRING)) throw new Fault(this.at, 'a name in quotes (")');
    this.space();
    if (this.text[this.at] !== ":") throw new Fault(this.at, "a colon");
    this.at++;
    this.value();
  }

  private list(end: string, one: () => void): void {
    this.at++;
    this.space();
    if (this.text[this.at] === end) {
      this.at++;
      return;
    }
    for (;;) {
      one();
      this.space();
      const next = this.text[this.at];
      if (next === end) break;
      if (next !== ",") throw new Fault(this.at, `a comma or \`${end}\``);
      this.at++;
    }
    this.at++;
  }

  private space(): void {
    this.take(SPACE);
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (!found) return false;
    this.at = pattern.lastIndex;
    return true;
  }
}
