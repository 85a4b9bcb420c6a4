import { ConfigurationError } from '../config/configuration-error.ts';

/**
 * What reads how many of something a listing shows at most, with 0 for all of them.
 *
 * @param where the flag
 * @param otherwise what holds without the flag, behind "leave it out for"
 */
export function countParser(where: string, otherwise: string): (text: string) => number {
  return (text) => {
    if (/^\d{1,9}$/.test(text)) return Number(text) === 0 ? Infinity : Number(text);
    throw new ConfigurationError([
      {
        where,
        expected: 'a whole number, 0 for all',
        got: JSON.stringify(text),
        hint: `leave it out for ${otherwise}`,
        severity: 'error',
      },
    ]);
  };
}
