/** Where progress goes; `process.stderr` is one. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** A terminal has one line that is drawn over; anything else gets plain lines. */
export interface Screen {
  readonly terminal: boolean;
  readonly colours: boolean;
  readonly columns: () => number;
  /** The current state: drawn over on a terminal, a line in a log. */
  draw(text: string): void;
  /** A line that stays; on a terminal it takes the place of what was drawn. */
  print(text: string): void;
  /** Leaves the cursor at the start of an empty line. */
  release(): void;
}

/** Back to the first column and clear the line. */
const CLEAR = '\r\x1b[2K';

const environment = (): Record<string, string | undefined> => globalThis.process?.env ?? {};

export function screen(stream: ProgressStream): Screen {
  const { NO_COLOR, TERM } = environment();
  const terminal = stream.isTTY === true && TERM !== 'dumb';
  let drawn = false;
  return {
    terminal,
    // https://no-color.org: present and not empty
    colours: terminal && !NO_COLOR,
    columns: () => (terminal ? Math.max(20, (stream.columns || 80) - 1) : Number.POSITIVE_INFINITY),
    draw(text) {
      stream.write(terminal ? CLEAR + text : `${text}\n`);
      drawn = terminal;
    },
    print(text) {
      stream.write(`${drawn ? CLEAR : ''}${text}\n`);
      drawn = false;
    },
    release() {
      if (drawn) stream.write('\n');
      drawn = false;
    },
  };
}
