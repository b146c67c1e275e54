/** Who did what to the one before, in the house that Jack built. */
const rhyme: readonly string[] = [
  'house that Jack built',
  'malt that lay in the',
  'rat that ate the',
  'cat that killed the',
  'dog that worried the',
  'cow with the crumpled horn that tossed the',
  'maiden all forlorn that milked the',
  'man all tattered and torn that kissed the',
  'priest all shaven and shorn that married the',
  'cock that crowed in the morn that woke the',
  'farmer sowing his corn that kept the',
  'horse and the hound and the horn that belonged to the',
];

/** A nursery rhyme that says everything again and again: a small network has it in half a minute. */
export function houseThatJackBuilt(): string {
  const verse = (n: number) =>
    `This is the ${rhyme
      .slice(0, n + 1)
      .reverse()
      .join('\n')}.`;
  return `${rhyme.map((_, n) => verse(n)).join('\n\n')}\n`;
}
