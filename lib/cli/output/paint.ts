/** Codes of SGR (ECMA-48): what begins a colour. */
const codes = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2, bold: 1 } as const;

/** A way to set text off. */
export type Colour = keyof typeof codes;

/** Sets text off, where that is wanted. */
export type Paint = (colour: Colour, text: string) => string;

/** Makes what sets text off; without colours it leaves every text as it is. */
export function painter(colours: boolean): Paint {
  return (colour, text) => (colours && text !== '' ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text);
}
